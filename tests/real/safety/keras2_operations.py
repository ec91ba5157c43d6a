"""Public names of TensorFlow as layers of Keras 2: each is called while the model is loaded, or when it runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.real.safety.attacks import LAYER, Attack
from tests.real.safety.crafting import (
    WRITERS,
    beside,
    between,
    calling,
    function,
    layer,
    of_constant,
    of_layer,
    of_op,
    operation,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.crafting import Json
    from tests.real.safety.scene import Scene

Said = tuple[Any, dict[str, Any]]
"""What a function is called with: the constant that is the layer's input, and what is named beside it."""


def _grpc(scene: Scene) -> str:
    return f"127.0.0.1:{scene.port}"


def _inner(scene: Scene) -> Json:
    """Return a layer that makes the marker, as the argument of what makes layers out of configs."""
    fetched = function("tensorflow.python.eager.context", "os.system")
    inner = calling(fetched, [])
    return {**inner, "config": {**inner["config"], "arguments": {}}}


def _model_in_text(scene: Scene) -> str:
    import json  # noqa: PLC0415  for this alone

    fetched = function("tensorflow.python.eager.context", "os.system")
    return json.dumps(beside(calling(fetched, of_constant(scene.command))))


AT_LOADING: dict[str, Callable[[Scene], Said]] = {
    "io.TFRecordWriter": lambda s: (str(s.victim), {}),
    "io.write_file": lambda s: (str(s.marker), {"contents": "x"}),
    "io.read_file": lambda s: (str(s.secret), {}),
    "io.matching_files": lambda s: (f"{s.outside}/*", {}),
    "io.match_filenames_once": lambda s: (f"{s.outside}/*", {}),
    "io.gfile.remove": lambda s: (str(s.victim), {}),
    "io.gfile.rmtree": lambda s: (str(s.outside), {}),
    "io.gfile.copy": lambda s: (str(s.secret), {"dst": str(s.marker)}),
    "io.gfile.rename": lambda s: (str(s.victim), {"dst": str(s.marker)}),
    "io.gfile.makedirs": lambda s: (str(s.marker / "deep"), {}),
    "io.gfile.mkdir": lambda s: (str(s.marker), {}),
    "io.gfile.listdir": lambda s: (str(s.outside), {}),
    "io.gfile.glob": lambda s: (f"{s.outside}/*", {}),
    "compat.v1.gfile.Remove": lambda s: (str(s.victim), {}),
    "compat.v1.gfile.DeleteRecursively": lambda s: (str(s.outside), {}),
    "compat.v1.gfile.MkDir": lambda s: (str(s.marker), {}),
    "compat.v1.gfile.Copy": lambda s: (str(s.victim), {"newpath": str(s.marker)}),
    "io.write_graph": lambda s: ("node {}", {"logdir": str(s.marker), "name": "g"}),
    "compat.v1.summary.FileWriter": lambda s: (str(s.marker), {}),
    "summary.create_file_writer": lambda s: (str(s.marker), {}),
    "summary.trace_export": lambda s: ("t", {"profiler_outdir": str(s.marker)}),
    "profiler.experimental.start": lambda s: (str(s.marker), {}),
    "profiler.experimental.client.monitor": lambda s: (_grpc(s), {"duration_ms": 100}),
    "profiler.experimental.client.trace": lambda s: (
        f"grpc://{_grpc(s)}",
        {"logdir": str(s.marker), "duration_ms": 100, "num_tracing_attempts": 1},
    ),
    "debugging.experimental.enable_dump_debug_info": lambda s: (str(s.marker), {}),
    "config.experimental_connect_to_host": lambda s: (_grpc(s), {}),
    "distribute.experimental.rpc.Client.create": lambda s: ("worker", {"address": _grpc(s)}),
    "data.TextLineDataset": lambda s: (str(s.secret), {}),
    "data.experimental.load": lambda s: (str(s.outside), {}),
    "data.Dataset.list_files": lambda s: (f"{s.outside}/*", {}),
    "data.experimental.service.distribute": lambda s: ("parallel_epochs", {"service": f"grpc://{_grpc(s)}"}),
    "data.experimental.service.from_dataset_id": lambda s: (
        "parallel_epochs",
        {"service": f"grpc://{_grpc(s)}", "dataset_id": 1},
    ),
    "train.load_checkpoint": lambda s: (str(s.secret), {}),
    "train.list_variables": lambda s: (str(s.secret), {}),
    "train.latest_checkpoint": lambda s: (str(s.outside), {}),
    "compat.v1.train.update_checkpoint_state": lambda s: (str(s.outside), {"model_checkpoint_path": "x"}),
    "train.write_graph": lambda s: ("node {}", {"logdir": str(s.marker), "name": "g"}),
    "load_op_library": lambda s: (str(s.secret), {}),
    "load_library": lambda s: (str(s.secret), {}),
    "experimental.register_filesystem_plugin": lambda s: (str(s.secret), {}),
    "saved_model.load": lambda s: (str(s.outside), {}),
    "saved_model.contains_saved_model": lambda s: (str(s.outside), {}),
    "compat.v1.saved_model.builder.SavedModelBuilder": lambda s: (str(s.marker), {}),
    "keras.utils.get_file": lambda s: (
        "marker",
        {"origin": f"file://{s.secret}", "cache_dir": str(s.outside), "cache_subdir": ""},
    ),
    "keras.preprocessing.image.load_img": lambda s: (str(s.secret), {}),
    "keras.utils.save_img": lambda s: (str(s.marker), {"x": [[[0.0]]]}),
    "keras.utils.image_dataset_from_directory": lambda s: (str(s.outside), {}),
    "keras.models.load_model": lambda s: (str(s.secret), {}),
    "keras.models.model_from_json": lambda s: (_model_in_text(s), {}),
    "keras.callbacks.CSVLogger": lambda s: (str(s.marker), {}),
    "keras.layers.deserialize": lambda s: (_inner(s), {}),
    "keras.datasets.mnist.load_data": lambda s: (f"../../../../../../../../{str(s.marker).lstrip('/')}", {}),
    "lite.Interpreter": lambda s: (str(s.secret), {}),
    "compat.v1.lite.TFLiteConverter.from_saved_model": lambda s: (str(s.outside), {}),
    "compat.v1.Session": lambda s: (f"grpc://{_grpc(s)}", {}),
    "compat.v1.python_io.TFRecordWriter": lambda s: (str(s.victim), {}),
    "compat.v1.io.TFRecordWriter": lambda s: (str(s.victim), {}),
    "compat.v1.resource_loader.load_resource": lambda s: (f"{'../' * 20}{str(s.secret).lstrip('/')}", {}),
    "compat.v1.load_file_system_library": lambda s: (str(s.secret), {}),
    "lite.experimental.load_delegate": lambda s: (str(s.secret), {}),
    "lite.experimental.Analyzer": lambda s: (str(s.secret), {}),
    "lookup.TextFileInitializer": lambda s: (
        str(s.secret),
        {"key_dtype": "string", "key_index": -2, "value_dtype": "int64", "value_index": -1},
    ),
    "__internal__.saved_model.parse_saved_model": lambda s: (str(s.outside), {}),
    "__internal__.saved_model.load_partial": lambda s: (str(s.outside), {"filters": None}),
    "__internal__.saved_model.SavedModelBuilder": lambda s: (str(s.marker), {}),
    "keras.callbacks.BackupAndRestore": lambda s: (str(s.marker), {}),
    "keras.applications.resnet50.ResNet50": lambda s: (True, {"weights": str(s.secret)}),
    "keras.applications.imagenet_utils.decode_predictions": lambda _: ([[0.0] * 1000], {}),
    "rpc_client": lambda s: (_grpc(s), {"timeout_in_ms": 100, "list_registered_methods": True}),
    "rpc_server": lambda s: (_grpc(s), {}),
    "experimental.dtensor.sharded_save": lambda s: (
        "x",
        {"file_prefix": str(s.marker), "tensor_names": ["a"], "shape_and_slices": [""], "tensors": [1.0]},
    ),
    "raw_ops.ReadFile": lambda s: (str(s.secret), {}),
}
"""Called with a constant as soon as the model is put together; a second dot past a class asks for its method."""

WHEN_RUN: dict[str, dict[str, Callable[[Scene], Any]]] = {
    "print": {"output_stream": lambda s: f"file://{s.marker}"},
    "io.decode_proto": {
        "message_type": lambda _: "m",
        "field_names": lambda _: [],
        "output_types": lambda _: [],
        "descriptor_source": lambda s: str(s.secret),
    },
    "py_function": {"inp": lambda s: [s.command], "Tout": lambda _: "float32"},
    "numpy_function": {"inp": lambda s: [s.command], "Tout": lambda _: "float32"},
}
"""Called with the model's own input, and with what would lead it out."""


def _loaded(symbol: str, write: Callable[[Scene, Json], Path], scene: Scene) -> Path:
    constant, arguments = AT_LOADING[symbol](scene)
    return write(scene, beside(operation(symbol, of_constant(constant, **arguments))))


def _run(symbol: str, write: Callable[[Scene, Json], Path], scene: Scene) -> Path:
    arguments = {name: make(scene) for name, make in WHEN_RUN[symbol].items()}
    return write(scene, between(operation(symbol, of_op(**arguments))))


def _rotated(names: Any, make: Any, prefix: str) -> list[Attack]:
    forms = list(WRITERS)
    found = []
    for number, symbol in enumerate(names):
        form = forms[number % len(forms)]
        made = partial(make, symbol, WRITERS[form])
        found.append(Attack(f"{prefix}-{symbol}", form, made))
    return found


def _written(form: str, name: str, model: Callable[[Scene], Json], **more: Any) -> Attack:
    return Attack(name, form, lambda scene: WRITERS[form](scene, model(scene)), **more)


def _saved_then_read(scene: Scene) -> Json:
    """Return a model that reads a file when it runs, and answers with what stands in it."""
    read = operation("io.read_file", of_constant(str(scene.secret)))
    bytes_ = layer("TFOpLambda", {"function": "io.decode_raw"}, of_op(LAYER, out_type="uint8"), name="raw")
    numbers = layer("TFOpLambda", {"function": "cast"}, of_op("raw", dtype="float32"), name="numbers")
    total = layer("TFOpLambda", {"function": "math.reduce_sum"}, of_op("numbers"), name="sum")
    added = layer("TFOpLambda", {"function": "math.add"}, [["x", 0, 0, {"y": ["sum", 0, 0]}]], name="added")
    return between(read, bytes_, numbers, total, added, last="added")


def _written_by_kwargs(scene: Scene) -> Json:
    text = layer("TFOpLambda", {"function": "strings.as_string"}, of_op(), name="text")
    joined = layer("TFOpLambda", {"function": "strings.reduce_join"}, of_op("text"), name="joined")
    write = layer(
        "TFOpLambda",
        {"function": "io.write_file"},
        [["_CONSTANT_VALUE", -1, str(scene.marker), {"contents": ["joined", 0, 0]}]],
    )
    return beside(write, text, joined)


OTHERS = [
    _written("layers", "class-method-list-files", lambda s: beside(layer(
        "ClassMethod", {"cls_symbol": "data.Dataset", "method_name": "list_files"},
        of_constant([f"{s.outside}/*"], kwargs={})))),
    _written("h5", "class-method-dataset-load", lambda s: beside(layer(
        "ClassMethod", {"cls_symbol": "data.Dataset", "method_name": "load"},
        of_constant([str(s.outside)], kwargs={})))),
    _written("keras", "class-method-private", lambda s: beside(layer(
        "ClassMethod", {"cls_symbol": "RaggedTensor", "method_name": "__init__.__globals__"},
        of_constant([s.command], kwargs={})))),
    _written("layers", "instance-method-of-constant", lambda _: beside(layer(
        "InstanceMethod", {"attr_name": "format"}, of_constant("{0.__class__}", args=["x"], kwargs={}))),
        ),
    _written("h5", "instance-property-of-tensor", lambda _: between(layer(
        "InstanceProperty", {"attr_name": "__class__"}, of_op())), commands=("verify", "graph")),
    _written("keras", "slicing-op-writes", lambda s: beside(layer(
        "SlicingOpLambda", {"function": "io.write_file"}, of_constant(str(s.marker), contents="x")))),
    _written("layers", "reads-into-its-answers", _saved_then_read),
    _written("h5", "reads-into-its-answers-h5", _saved_then_read),
    _written("keras", "writes-by-named-argument", _written_by_kwargs),
    _written("layers", "op-lambda-legacy-class", lambda s: beside(layer(
        "TensorFlowOpLayer", {"node_def": {"name": LAYER, "op": "WriteFile", "input": [f"{LAYER}/a", f"{LAYER}/b"]},
        "constants": {"0": str(s.marker), "1": "x"}}, of_layer()))),
    _written("h5", "legacy-op-layer-text-node-def", lambda s: beside(layer(
        "TensorFlowOpLayer", {"node_def": f'name: "{LAYER}" op: "ReadFile" input: "{LAYER}/filename"',
        "constants": {"0": str(s.secret)}}, of_layer()))),
]  # fmt: skip

ATTACKS = [
    *_rotated(AT_LOADING, _loaded, "operation"),
    *_rotated(WHEN_RUN, _run, "when-run"),
    *OTHERS,
]
