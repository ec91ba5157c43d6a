"""Objects that a config of Keras 2 asks for by module and name, by bytecode, or in text, wherever one can stand."""

from __future__ import annotations

import base64
import json
import marshal
from typing import TYPE_CHECKING, Any

import h5py

from tests.real.safety.attacks import LAYER, Attack
from tests.real.safety.crafting import (
    WRITERS,
    alone,
    archive,
    beside,
    between,
    calling,
    entry,
    function,
    functional,
    hdf5,
    layer,
    layers_model,
    of_constant,
    of_layer,
    relu,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.crafting import Json
    from tests.real.safety.scene import Scene

_ANYWHERE = "tensorflow.python.eager.context"
"""A module of TensorFlow that imports ``os``; every such module leads to it."""


def system(module: str = _ANYWHERE, name: str = "os.system") -> Json:
    return function(module, name)


def _call(fetched: Any, value: Any, **more: Any) -> Json:
    return beside(calling(fetched, of_constant(value), **more))


def _bytecode(command: str) -> str:
    """Return a function as Keras 2 stores it. Of this Python; what it would do in another is up to that."""
    made = compile(f"lambda x: __import__('os').system({command!r}) or x", "<model>", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(made)).decode()


def _lambda(scene: Scene, **more: Any) -> Json:
    return between(calling([_bytecode(scene.command), None, None], of_layer(), kind="lambda", **more))


_DENSE: Json = {"units": 2, "activation": "linear", "use_bias": True}


def _dense(**config: Any) -> Json:
    return between(layer("Dense", {**_DENSE, **config}, of_layer()))


def _in_wrapper(scene: Scene) -> Json:
    inner = calling([_bytecode(scene.command), None, None], [], kind="lambda")
    inner.pop("inbound_nodes")
    shaped = entry(shape=(None, 4, 3))
    wrapped = layer("TimeDistributed", {"layer": inner}, of_layer(), name="wrapper")
    return functional([shaped, wrapped, relu("wrapper")])


def _nested(inner: Json) -> Json:
    outer = {**inner, "module": "keras.src.engine.functional", "registered_name": "Functional", "name": "inner"}
    config = {**inner["config"], "name": "inner"}
    return functional([entry(), {**outer, "config": config, "inbound_nodes": of_layer()}, relu("inner")])


def _nested_compiled(scene: Scene) -> Json:
    """Return a model inside a model, with what it was compiled with: that is made into objects with it."""
    outer = _nested(functional([entry(), relu()]))
    inner = outer["config"]["layers"][1]
    evil = {"module": "keras.layers", "class_name": "Lambda", "registered_name": None,
            "config": calling(system(), [])["config"]}  # fmt: skip
    text = json.dumps(_call(system(), scene.command))
    inner["compile_config"] = {"optimizer": "sgd", "loss": system(), "metrics": [evil, text]}
    return outer


def _in_build_config(scene: Scene) -> Json:
    evil = layer("Dense", _DENSE, of_layer())
    evil["build_config"] = {"input_shape": [None, 3], "x": system(), "file": str(scene.secret)}
    evil["config"]["activation"] = system("tensorflow.python.eager.context", "os.abort")
    return between(evil)


def _columns(scene: Scene) -> Json:
    """Return features whose vocabulary is a file of this machine."""
    column = {
        "class_name": "VocabularyFileCategoricalColumn",
        "config": {"key": "x", "vocabulary_file": str(scene.secret), "vocabulary_size": 4, "num_oov_buckets": 1,
                   "dtype": "string", "default_value": -1},
    }  # fmt: skip
    indicator = {"class_name": "IndicatorColumn", "config": {"categorical_column": column}}
    config = {"feature_columns": [indicator], "partitioner": None}
    strings = entry(shape=(None, 1), dtype="string")
    inbound = [[["x", 0, 0, {}]]]
    return functional([strings, layer("DenseFeatures", config, inbound), relu(LAYER)])


def _lookup(kind: str, scene: Scene, **more: Any) -> Json:
    config = {"vocabulary": str(scene.secret), "max_tokens": None, "mask_token": None, "num_oov_indices": 1,
              "oov_token": "[UNK]", "invert": False, "output_mode": "int", "dtype": "int64"}  # fmt: skip
    if kind == "TextVectorization":
        config = {"vocabulary": str(scene.secret), "max_tokens": None, "standardize": None, "split": None,
                  "output_mode": "int", "dtype": "string"}  # fmt: skip
    strings = entry(shape=(None, 1), dtype="string")
    last = layer("Activation", {"activation": "linear"}, of_layer(LAYER), name="y")
    return functional([strings, layer(kind, {**config, **more}, of_layer()), last])


def _typespec(scene: Scene) -> Json:
    spec = {"class_name": "__typespec__", "spec_name": "os.system", "module": _ANYWHERE, "registered_name": None,
            "config": [scene.command]}  # fmt: skip
    first = entry()
    first["config"]["type_spec"] = spec
    return functional([first, layer("Lambda", {"function": spec, "function_type": "function"}, of_layer()), relu()])


def _twice(scene: Scene) -> str:
    """Return text in which the model stands twice: whoever takes the first and checks it will load the second."""
    sound, evil = (
        json.dumps(model["config"]) for model in (functional([entry(), relu()]), _call(system(), scene.command))
    )
    return f'{{"class_name": "Functional", "config": {sound}, "config": {evil}}}'


def _twice_in_layers_model(scene: Scene) -> Path:
    topology = f'{{"keras_version": "2.15.0", "backend": "tensorflow", "model_config": {_twice(scene)}}}'
    return layers_model(scene, {}, text=f'{{"format":"layers-model","modelTopology":{topology},"weightsManifest":[]}}')


def _two_members(scene: Scene) -> Path:
    headed = {"module": "keras.src.engine.functional", "registered_name": "Functional"}
    evil = {**_call(system(), scene.command), **headed}
    with_warning = archive(scene, functional([entry(), relu()]))
    import warnings  # noqa: PLC0415  zipfile warns of what is the point here
    import zipfile  # noqa: PLC0415

    with warnings.catch_warnings(), zipfile.ZipFile(with_warning, "a") as target:
        warnings.simplefilter("ignore")
        target.writestr("config.json", json.dumps(evil))
    return with_warning


def _in_other_letters(scene: Scene) -> Path:
    headed = {"module": "keras.src.engine.functional", "registered_name": "Functional"}
    return archive(scene, json.dumps({**_call(system(), scene.command), **headed}).encode("utf-16"))


def _polyglot(scene: Scene) -> Path:
    """Write what is HDF5 for one reader and an archive for another: the archive stands behind."""
    evil = archive(scene, _call(system(), scene.command)).read_bytes()
    path = hdf5(scene, functional([entry(), relu()]), name="both.keras")
    path.write_bytes(path.read_bytes() + evil)
    return path


def _hdf5_in_disguise(scene: Scene) -> Path:
    return hdf5(scene, _call(system(), scene.command), name="model.keras")


def _archive_in_disguise(scene: Scene) -> Path:
    return archive(scene, _call(system(), scene.command)).rename(scene.here / "model.h5")


def _attribute_of_bytes(scene: Scene) -> Path:
    path = hdf5(scene, functional([entry(), relu()]))
    with h5py.File(path, "r+") as file:
        del file.attrs["model_config"]
        file.attrs["model_config"] = json.dumps(_call(system(), scene.command)).encode()
    return path


def _lies_about_version(scene: Scene) -> Path:
    return archive(scene, {**_call(system(), scene.command), "module": "keras.src.engine.functional"}, version="3.8.0")


def _in_training_config(scene: Scene) -> Path:
    trained = {"loss": system(), "metrics": [system()], "optimizer_config": {"class_name": "Custom>x", "config": {}},
               "loss_weights": [_bytecode(scene.command), None, None], "weighted_metrics": None}  # fmt: skip
    return hdf5(scene, functional([entry(), relu()]), training_config=trained)


def _made(form: str, name: str, model: Callable[[Scene], Json], **more: Any) -> Attack:
    return Attack(name, form, lambda scene: WRITERS[form](scene, model(scene)), **more)


_INITIALIZER = {"module": "shutil", "class_name": "rmtree", "registered_name": None}
ATTACKS = [
    _made("layers", "function-os-system", lambda s: _call(system(), s.command)),
    _made("h5", "function-of-keras-module", lambda s: _call(system("tf_keras.src.utils.data_utils"), s.command)),
    _made("keras", "function-of-keras-by-old-name", lambda s: _call(system("keras.src.utils.data_utils"), s.command)),
    _made("layers", "function-subprocess", lambda s: _call(
        system("tensorflow.python.platform.googletest", "subprocess.getoutput"), s.command)),
    _made("layers", "function-subprocess-list", lambda s: _call(
        system("tensorflow.python.distribute.cluster_resolver.slurm_cluster_resolver", "subprocess.call"),
        f"touch {s.marker}", arguments={"shell": True})),
    _made("keras", "function-builtins-exec", lambda s: _call(
        function("tensorflow.python.framework.dtypes", "builtins.exec"), f"open({str(s.marker)!r}, 'w')")),
    _made("layers", "function-builtins-eval-of-io", lambda s: _call(
        function("tensorflow.python.ops.math_ops", "builtins.eval"), f"open({str(s.marker)!r}, 'w')")),
    _made("layers", "function-shutil-rmtree", lambda s: _call(
        function("tensorflow.python.platform.googletest", "shutil.rmtree"), str(s.outside))),
    _made("keras", "function-os-remove", lambda s: _call(
        function("tf_keras.src.callbacks", "os.remove"), str(s.victim))),
    _made("layers", "function-urlopen", lambda s: _call(
        function("tensorflow.python.keras.callbacks", "requests.get"), f"http://127.0.0.1:{s.port}/",
        arguments={"timeout": 1})),
    _made("keras", "function-socket", lambda _: _call(
        function("tensorflow.python.debug.lib.dumping_callback", "socket.create_server"), "x")),
    _made("layers", "function-import-module", lambda _: _call(
        function("tensorflow.python.util.lazy_loader", "importlib.import_module"), "antigravity")),
    _made("keras", "function-mkdir", lambda s: _call(
        function("tensorflow.python.ops.control_flow_util", "os.mkdir"), str(s.marker))),
    _made("layers", "function-ctypes", lambda s: _call(
        function("tensorflow.python.platform.self_check", "ctypes.CDLL"), str(s.secret))),
    _made("layers", "function-get-file", lambda s: _call(
        function("tf_keras.utils", "get_file"), "marker",
        arguments={"origin": f"file://{s.secret}", "cache_dir": str(s.outside), "cache_subdir": ""})),
    _made("h5", "function-load-model", lambda s: _call(function("tf_keras.models", "load_model"), str(s.secret))),
    _made("keras", "function-load-internal", lambda s: _call(
        function("tf_keras.src.saving.saving_api", "load_model"), str(s.secret))),
    _made("layers", "function-open", lambda s: _call(
        function("tensorflow.python.autograph.pyct.parser", "io.open"), str(s.marker), arguments={"mode": "w"})),
    _made("keras", "function-tempfile", lambda s: _call(
        function("tensorflow.python.autograph.pyct.loader", "tempfile.mkdtemp"), "x",
        arguments={"dir": str(s.outside)})),
    _made("layers", "function-gzip", lambda s: _call(
        function("tf_keras.src.datasets.fashion_mnist", "gzip.open"), str(s.marker), arguments={"mode": "w"})),
    _made("keras", "function-zipfile", lambda s: _call(
        function("tensorflow.python.debug.lib.source_utils", "zipfile.ZipFile"), str(s.marker),
        arguments={"mode": "w"})),
    _made("layers", "function-h5py", lambda s: _call(
        function("tf_keras.src.engine.training", "h5py.File"), str(s.marker), arguments={"mode": "w"})),
    _made("keras", "function-numpy-save", lambda s: _call(
        function("tensorflow.python.framework.dtypes", "np.save"), str(s.marker), arguments={"arr": [1]})),
    _made("keras", "function-numpy-load-pickle", lambda s: _call(
        function("tensorflow.python.types.core", "np.load"), str(s.secret), arguments={"allow_pickle": True})),
    _made("layers", "function-file-io", lambda s: _call(
        function("tensorflow.python.framework.meta_graph", "file_io.write_string_to_file"), str(s.marker),
        arguments={"file_content": "x"})),
    _made("keras", "function-gfile", lambda s: _call(
        function("tensorflow.python.training.saver", "gfile.DeleteRecursively"), str(s.outside))),
    _made("keras", "function-deserialize", lambda s: _call(
        function("tf_keras.layers", "deserialize"), {"class_name": "Lambda", "config": {
            "function": [_bytecode(s.command), None, None], "function_type": "lambda"}})),
    _made("layers", "function-in-output-shape", lambda _: between(calling(
        function("tensorflow", "identity"), of_layer(), output_shape=system("os", "abort"),
        output_shape_type="function"))),
    _made("h5", "function-in-mask", lambda _: between(calling(
        function("tensorflow", "identity"), of_layer(), mask=system(), mask_type="function", mask_module=None))),
    _made("layers", "lambda-bytecode", _lambda),
    _made("h5", "lambda-bytecode-h5", _lambda),
    _made("keras", "lambda-bytecode-archive", _lambda),
    _made("h5", "lambda-in-time-distributed", _in_wrapper),
    _made("layers", "lambda-in-nested-model", lambda s: _nested(_call(system(), s.command))),
    _made("keras", "lambda-in-sequential", lambda s: alone(
        calling([_bytecode(s.command), None, None], [], kind="lambda"))),
    _made("keras", "compile-config-of-nested-model", _nested_compiled, harmless=True, names=("system", LAYER, "inner")),
    _made("keras", "build-config", _in_build_config),
    _made("layers", "initializer-by-module", lambda s: _dense(
        kernel_initializer={**_INITIALIZER, "config": {"path": str(s.outside)}})),
    _made("h5", "initializer-function", lambda _: _dense(kernel_initializer=system("shutil", "rmtree"))),
    _made("keras", "regularizer-function", lambda _: _dense(kernel_regularizer=system("builtins", "print"))),
    _made("layers", "constraint-by-dotted-name", lambda _: _dense(kernel_constraint="os.system")),
    _made("h5", "activation-by-dotted-name", lambda _: _dense(activation="os>system")),
    _made("keras", "activation-function-of-module", lambda _: _dense(activation=system())),
    _made("layers", "class-of-module", lambda s: between(layer(
        "Popen", {"args": ["touch", str(s.marker)]}, of_layer(), module="subprocess"))),
    _made("h5", "class-by-registered-name", lambda _: between(layer(
        "Dense", _DENSE, of_layer(), registered_name="subprocess>Popen", module="tensorflow.python.eager.context"))),
    _made("keras", "class-of-tensorflow-internals", lambda s: between(layer(
        "CheckpointManager", {"directory": str(s.marker)}, of_layer(),
        module="tensorflow.python.checkpoint.checkpoint_management"))),
    _made("layers", "class-with-dotted-name", lambda s: between(layer(
        "tf.keras.callbacks.CSVLogger", {"filename": str(s.marker)}, of_layer()))),
    _made("h5", "vocabulary-of-string-lookup", lambda s: _lookup("StringLookup", s)),
    _made("layers", "vocabulary-of-integer-lookup", lambda s: _lookup(
        "IntegerLookup", s, dtype="int64", mask_token=None, oov_token=-1)),
    _made("keras", "vocabulary-of-text-vectorization", lambda s: _lookup("TextVectorization", s)),
    _made("h5", "vocabulary-of-feature-column", _columns),
    _made("layers", "typespec", _typespec),
    _made("keras", "dtype-policy-by-module", lambda s: _dense(dtype={
        "module": _ANYWHERE, "class_name": "os.system", "config": {"name": s.command}, "registered_name": None})),
    Attack("model-twice-in-text", "h5", lambda s: hdf5(s, _twice(s)), names=("twice", LAYER)),
    Attack("model-twice-in-layers-model", "layers", _twice_in_layers_model, names=("twice", LAYER)),
    Attack("config-twice-in-archive", "keras", _two_members, names=("twice", LAYER)),
    Attack("config-in-utf-16", "keras", _in_other_letters, names=("config.json", LAYER)),
    Attack("hdf5-and-archive-at-once", "keras", _polyglot, harmless=True, names=("both.keras", LAYER)),
    Attack("hdf5-called-archive", "keras", _hdf5_in_disguise, names=("model.keras", LAYER)),
    Attack("archive-called-hdf5", "h5", _archive_in_disguise, names=("model.h5", LAYER)),
    Attack("config-as-bytes", "h5", _attribute_of_bytes),
    Attack("version-of-keras-3-on-keras-2", "keras", _lies_about_version),
    Attack("training-config", "h5", _in_training_config, harmless=True, names=("system", "loss", "training")),
]  # fmt: skip
