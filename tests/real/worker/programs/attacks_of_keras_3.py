"""The same for files of Keras 3: run in the environment ``keras3`` as ``attacks_of_keras_3.py ROOT FOLDER``."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])

import h5py
import keras  # noqa: F401  Keras is there before the first model comes, as it is in the worker

from workflow.worker import loaders
from workflow.worker.failure import JobError, NotRunnableError

FOLDER = Path(sys.argv[-1])
MARK = str(FOLDER / "mark")
SYSTEM = {"module": "posix", "class_name": "function", "config": "system", "registered_name": "system"}
GET_FILE = {
    "module": "keras.src.utils.file_utils",
    "class_name": "function",
    "config": "get_file",
    "registered_name": "x",
}
TENSOR = {"class_name": "__keras_tensor__",
          "config": {"shape": [None, 3], "dtype": "float32", "keras_history": ["x", 0, 0]}}  # fmt: skip
CODE = {"class_name": "__lambda__", "config": {"value": ["4wEAAAAAAAAAAAAAAAE=", None, None]}}


def layer(kind: str, config: Any, *args: Any, module: str = "keras.layers", **more: Any) -> Any:
    nodes = [{"args": list(args) or [TENSOR], "kwargs": more.pop("kwargs", {})}]
    return {"module": module, "class_name": kind, "registered_name": None, "name": "e",
            "config": {"name": "e", **config}, "inbound_nodes": nodes, **more}  # fmt: skip


def operation(kind: str, config: Any, *args: Any, module: str = "keras.src.ops.numpy", **more: Any) -> Any:
    return layer(kind, config, *args, module=module, registered_name=kind, **more)


ATTACKS = {
    "lambda_code": layer("Lambda", {"function": CODE, "arguments": {}}),
    "lambda_system": layer("Lambda", {"function": SYSTEM, "arguments": {}}),
    "activation_system": layer("Activation", {"activation": SYSTEM}),
    "activation_builtin": layer("Activation", {"activation": {**SYSTEM, "module": "builtins", "config": "eval"}}),
    "activation_get_file": layer("Activation", {"activation": GET_FILE}),
    "activation_public": layer("Activation", {"activation": {**GET_FILE, "module": "keras.utils"}}),
    "activation_dotted": layer("Activation", {"activation": "os.system"}),
    "initializer": layer("Dense", {"units": 2, "kernel_initializer": {"module": "subprocess", "class_name": "Popen",
                                                                     "config": {"args": ["touch", MARK]}}}),
    "saved_model": layer("TFSMLayer", {"filepath": str(FOLDER)}),
    "torch": layer("TorchModuleWrapper", {"module": {"class_name": "__bytes__", "config": {"value": "x"}}}),
    "flax": layer("FlaxLayer", {"module": CODE}),
    "jax": layer("JaxLayer", {"call_fn": CODE}),
    "map": operation("Map", {"f": SYSTEM}, module="keras.src.ops.core"),
    "loop": operation("WhileLoop", {"cond": SYSTEM, "body": SYSTEM}, module="keras.src.ops.core"),
    "cond": operation("Cond", {}, TENSOR, SYSTEM, module="keras.src.ops.core"),
    "vocabulary": layer("StringLookup", {"vocabulary": "/etc/hostname"}),
    "weights_of_words": layer("TextVectorization", {"vocabulary": ["a"], "idf_weights": "/etc/hostname"}),
    "policy": layer("Dense", {"units": 2, "dtype": {"module": "posix", "class_name": "system", "config": {}}}),
    "quantization": layer("Dense", {"units": 2, "quantization_config": {"module": "posix", "class_name": "system",
                                                                       "config": {"command": "true"}}}),
    "compile_config": layer("Dense", {"units": 2}, compile_config={"optimizer": SYSTEM}),
    "build_config": layer("Dense", {"units": 2}, build_config={"input_shape": SYSTEM}),
    "cell": layer("RNN", {"cell": {"module": "posix", "class_name": "system", "config": {}}}),
    "wrapped": layer("TimeDistributed", {"layer": layer("Lambda", {"function": CODE})}),
    "class_of_a_module": layer("Popen", {"args": ["touch", MARK]}, module="subprocess"),
    "extra_key": layer("Dense", {"units": 2, "anything": [{"deep": SYSTEM}]}),
    "text_for_a_layer": layer("Dense", {"units": 2}, "/etc/passwd"),
    "text_for_an_operation": operation("Add", {}, TENSOR, "/etc/passwd"),
    "spec": layer("InputLayer", {"type_spec": {"class_name": "__typespec__", "spec_name": "system", "module": "posix",
                                               "registered_name": None, "config": []}}),
}  # fmt: skip


def model(evil: Any) -> Any:
    x: Any = {"module": "keras.layers", "class_name": "InputLayer", "registered_name": None, "name": "x",
         "inbound_nodes": [], "config": {"batch_shape": [None, 3], "dtype": "float32", "name": "x"}}  # fmt: skip
    config = {"name": "m", "trainable": True, "layers": [x, evil], "input_layers": [["x", 0, 0]],
              "output_layers": [["e", 0, 0]]}  # fmt: skip
    where = {"module": "keras.src.models.functional", "registered_name": "Functional"}
    return {"class_name": "Functional", **where, "config": config}


def write_h5(path: Path, topology: Any) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"], file.attrs["keras_version"] = json.dumps(topology), "3.5.0"
        file.create_group("model_weights").attrs["layer_names"] = []


def write_archive(path: Path, topology: Any) -> None:
    weights = io.BytesIO()
    h5py.File(weights, "w").close()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0", "date_saved": "x"}))
        archive.writestr("config.json", json.dumps(topology))
        archive.writestr("model.weights.h5", weights.getvalue())


def tried(path: Path, kind: str) -> Any:
    try:
        loaders.load({"path": str(path), "format": kind})
        outcome = "loaded"
    except JobError as problem:
        outcome = f"{problem.kind}: {problem}"
    except NotRunnableError as problem:
        outcome = f"not run: {problem}"
    return [outcome[:300], os.path.lexists(MARK)]


found = {}
for name, evil in ATTACKS.items():
    for kind, file, write in (("keras", "m.h5", write_h5), ("keras_keras", "m.keras", write_archive)):
        place = FOLDER / f"{name}_{file}"
        write(place, model(evil))
        found[f"{name}/{kind}/"] = tried(place, kind)
(FOLDER / "found.json").write_text(json.dumps(found))
