"""Files of Keras 2 that would run a command or empty a file, in every place of a config that can name something.

Run in the environment ``tfjs`` as ``attacks.py ROOT FOLDER``: writes FOLDER/found.json, a mapping from attack to what
became of it. Each is tried with the list, and once more without, so that it is known to be one.
"""

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
import numpy as np
import tf_keras  # noqa: F401  Keras is there before the first model comes, as it is in the worker

from workflow.worker import loaders
from workflow.worker.failure import JobError, NotRunnableError

FOLDER = Path(sys.argv[-1])
MARK = str(FOLDER / "mark")
COMMAND = f"touch {MARK}"
SYSTEM = {"module": "posix", "class_name": "function", "config": "system", "registered_name": "system"}
DOTTED = {**SYSTEM, "module": "tensorflow.python.eager.context", "config": "os.system", "registered_name": "os.system"}
X = {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
     "config": {"batch_input_shape": [None, 3], "dtype": "float32", "name": "x"}}  # fmt: skip


def layer(kind: str, config: Any, nodes: Any = None, **more: Any) -> Any:
    given = [["x", 0, 0, {}]] if nodes is None else nodes
    return {"module": "keras.layers", "registered_name": None, "class_name": kind, "name": "e",
            "config": {"name": "e", "trainable": True, "dtype": "float32", **config},
            "inbound_nodes": [given], **more}  # fmt: skip


def model(evil: Any) -> Any:
    y = {"module": "keras.layers", "registered_name": None, "class_name": "Activation", "name": "y",
         "config": {"name": "y", "activation": "relu"}, "inbound_nodes": [[["x", 0, 0, {}]]]}  # fmt: skip
    config = {"name": "m", "layers": [X, evil, y], "input_layers": [["x", 0, 0]], "output_layers": [["y", 0, 0]]}
    where = {"module": "keras.src.engine.functional", "registered_name": "Functional"}
    return {"class_name": "Functional", **where, "config": config}


def lambda_of(function: Any) -> Any:
    config = {"function": function, "function_type": "function", "module": "builtins", "output_shape": None}
    return layer(
        "Lambda", {**config, "output_shape_type": "raw", "arguments": {}}, [["_CONSTANT_VALUE", -1, COMMAND, {}]]
    )


def op(function: str, *constants: Any, **options: Any) -> Any:
    given = ["_CONSTANT_VALUE", -1, constants[0] if constants else MARK, options]
    return layer("TFOpLambda", {"function": function}, given)


BYTECODE = ["4wEAAAAAAAAAAAAAAAEAAAABAAAAQwAAAHMEAAAAfABTAA==", None, None]
NODE = {"name": "w", "op": "WriteFile", "input": ["f", "c"]}
ATTACKS = {
    "lambda_posix": lambda_of(SYSTEM),
    "lambda_dotted": lambda_of(DOTTED),
    "activation_posix": layer("Activation", {"activation": SYSTEM}, [["_CONSTANT_VALUE", -1, COMMAND, {}]]),
    "activation_dotted": layer("Activation", {"activation": DOTTED}, [["_CONSTANT_VALUE", -1, COMMAND, {}]]),
    "initializer": layer("Dense", {"units": 2, "kernel_initializer": SYSTEM}),
    "regularizer": layer("Dense", {"units": 2, "kernel_regularizer": DOTTED}),
    "constraint": layer("Dense", {"units": 2, "kernel_constraint": {**SYSTEM, "module": "os"}}),
    "activity_regularizer": layer("Dense", {"units": 2, "activity_regularizer": SYSTEM}),
    "class_of_a_module": layer("Popen", {}, module="subprocess"),
    "class_as_an_initializer": layer("Dense", {"units": 2, "kernel_initializer": {
        "module": "tensorflow.python.lib.io.tf_record", "class_name": "TFRecordWriter", "config": {"path": MARK}}}),
    "registered_name": layer("Dense", {"units": 2}, registered_name="os.system", module="posix"),
    "build_config": layer("Dense", {"units": 2}, build_config={"input_shape": SYSTEM}),
    "compile_config": layer("Dense", {"units": 2}, compile_config={"optimizer": {**SYSTEM, "module": "posix"}}),
    "policy": layer("Dense", {"units": 2, "dtype": {"module": "posix", "class_name": "system", "config": {}}}),
    "cell": layer("RNN", {"cell": {"module": "posix", "class_name": "system", "config": {"command": COMMAND}}}),
    "wrapped": layer("TimeDistributed", {"layer": lambda_of(DOTTED)}),
    "both_ways": layer("Bidirectional", {"layer": lambda_of(DOTTED)}),
    "nested": {**model(lambda_of(DOTTED)), "name": "e", "inbound_nodes": [[["x", 0, 0, {}]]]},
    "extra_key": layer("Dense", {"units": 2, "anything": {"deep": [SYSTEM]}}),
    "passive": layer("Dense", {"units": 2, "anything": {**SYSTEM, "__passive_serialization__": True}}),
    "bytecode": layer("Lambda", {"function": BYTECODE, "function_type": "lambda"}),
    "bytecode_of_a_wrapper": layer("ResidualWrapper", {"residual_fn": BYTECODE, "residual_fn_type": "function"}),
    "lambda_form": layer("Activation", {"activation": {"class_name": "__lambda__", "config": {"value": BYTECODE}}}),
    "writer": op("io.TFRecordWriter"),
    "write_file": op("io.write_file", MARK, contents="evil"),
    "write_file_v1": op("compat.v1.write_file", MARK, contents="evil"),
    "raw_write_file": op("raw_ops.WriteFile", filename=MARK, contents="evil"),
    "print_to_file": op("print", "evil", output_stream="file://" + MARK),
    "gfile": op("io.gfile.makedirs"),
    "gfile_rename": op("compat.v1.gfile.MkDir"),
    "py_function": op("py_function", func="os.system", Tout="float32"),
    "numpy_save": op("experimental.numpy.save"),
    "keras_utils": op("keras.utils.get_file", MARK, origin="file:///etc/hostname"),
    "load_model": op("keras.models.load_model"),
    "summary": op("summary.create_file_writer"),
    "profiler": op("profiler.experimental.start"),
    "slicing": layer("SlicingOpLambda", {"function": "io.write_file"},
                     ["_CONSTANT_VALUE", -1, MARK, {"contents": "x"}]),
    "class_method": layer("ClassMethod", {"cls_symbol": "io.gfile.GFile", "method_name": "__init__"}),
    "instance_method": layer("InstanceMethod", {"attr_name": "_write"}),
    "instance_property": layer("InstanceProperty", {"attr_name": "__class__"}),
    "old_op_layer": layer("TensorFlowOpLayer", {"node_def": NODE, "constants": {"0": MARK, "1": "evil"}}),
    "old_op_as_bytes": layer("TensorFlowOpLayer", {"node_def": {
        "op": "Relu", "class_name": "__bytes__", "value": "\n\x01w\x12\tWriteFile"}, "constants": {"0": MARK}}),
    "vocabulary": layer("StringLookup", {"vocabulary": "/etc/hostname"}),
    "weights_of_words": layer("TextVectorization", {"vocabulary": ["a"], "idf_weights": "/etc/hostname"}),
    "module_wrapper": layer("ModuleWrapper", {"module": "abc", "method_name": "format"},
                            module="keras.src.engine.functional"),
    "reloaded": layer("ReloadedLayer", {"filepath": str(FOLDER)}, module="keras.src.export.export_lib"),
    "spec": {**X, "config": {"name": "e", "type_spec": {
        "class_name": "TypeSpec", "type_spec": "tf.StructuredTensor.Spec",
                                                      "serialized": []}}},
    "spec_by_module": {**X, "config": {"name": "e", "type_spec": {"class_name": "__typespec__", "spec_name": "system",
        "module": "posix", "registered_name": None, "config": [COMMAND]}}},
    "text_for_a_layer": layer("Dense", {"units": 2}, [["_CONSTANT_VALUE", -1, COMMAND, {}]]),
    "text_in_a_mapping": layer("Dense", {"units": 2}, [["x", 0, 0, {"training": {"deep": [COMMAND]}}]]),
    "text_for_an_operation": op("math.sqrt", COMMAND),
    "path_for_an_operation": op("math.reduce_sum", 1.0, axis="/etc/passwd"),
    "main_module": layer("Activation", {"activation": {**SYSTEM, "module": "__main__", "config": "os.system"}}),
    "worker_module": layer("Activation", {"activation": {**SYSTEM, "module": "workflow.worker.loaders",
                                                               "config": "load"}}),
    "composite": op("math.sqrt", {"class_name": "__tuple__", "items": [{"_TYPE": "COMPOSITE"}, json.dumps(
        {"class_name": "CompositeTensor", "spec": {"class_name": "TypeSpec", "type_spec": "tf.StructuredTensor.Spec",
                                                   "serialized": []}, "tensors": []})]}),
}  # fmt: skip
RUNS = {"lambda_posix", "lambda_dotted", "writer", "print_to_file", "gfile", "write_file", "numpy_save"}
"""Those that are seen to work once the list is off, in at least one format."""


def write_h5(path: Path, topology: Any) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(topology)
        file.attrs["keras_version"] = "2.15.0"
        file.create_group("model_weights").attrs["layer_names"] = []


def write_archive(path: Path, topology: Any, **members: Any) -> None:
    weights = io.BytesIO()
    h5py.File(weights, "w").close()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.15.0", "date_saved": "x"}))
        archive.writestr("config.json", json.dumps(topology))
        for name, content in (members or {"model.weights.h5": weights.getvalue()}).items():
            archive.writestr(name, content)


def write_layers(path: Path, topology: Any) -> None:
    path.mkdir()
    described = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": topology}
    whole = {"format": "layers-model", "modelTopology": described, "weightsManifest": []}
    (path / "model.json").write_text(json.dumps(whole))


FORMATS = {
    "keras": ("m.h5", write_h5),
    "keras_keras": ("m.keras", write_archive),
    "tfjs_layers_model": ("web", write_layers),
}


class Command:
    def __reduce__(self) -> Any:
        return os.system, (COMMAND,)


def pickled_weights() -> Any:
    weights, dense = io.BytesIO(), layer("Dense", {"units": 2})
    evil = np.array(Command(), dtype=object)
    places: Any = {"_layer_checkpoint_dependencies/dense": evil, "layers/dense": evil}
    np.savez(weights, **places)
    return dense, {"model.weights.npz": weights.getvalue()}


def tried(path: Path, kind: str) -> Any:
    """Load a file and say what became of it: refused with a sentence, or what Keras said; and whether it got out."""
    try:
        loaders.load({"path": str(path), "format": kind})
        outcome = "loaded"
    except JobError as problem:
        outcome = f"{problem.kind}: {problem}"
    except NotRunnableError as problem:
        outcome = f"not run: {problem}"
    except Exception as problem:  # noqa: BLE001  whatever Keras says
        outcome = f"{type(problem).__name__}: {problem}"
    out = os.path.lexists(MARK)
    if out:
        os.system(f"rm -rf {MARK}")  # noqa: S605
    return [outcome[:300], out]


def main() -> None:
    found = {}
    for off in ("", "1"):
        os.environ["TFJS_WORKFLOW_TEST_WITHOUT_LIST"] = off
        for name, evil in ATTACKS.items():
            if off and name not in RUNS:
                continue
            for kind, (file, write) in FORMATS.items():
                path = FOLDER / f"{name}{off}_{file}"
                write(path, model(evil))
                found[f"{name}/{kind}/{off}"] = tried(path, kind)
        path = FOLDER / f"pickle{off}.keras"
        dense, members = pickled_weights()
        write_archive(path, model(dense), **members)
        found[f"pickled_weights/keras_keras/{off}"] = tried(path, "keras_keras")
    (FOLDER / "found.json").write_text(json.dumps(found))


main()
