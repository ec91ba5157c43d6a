"""Small sound models of every format that our own code reads, to be damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.fuzzing.wire import written
from tests.unit.conversion.native.models import Stored, quantized, save, texts
from tests.unit.models.models import write_h5
from workflow.base.errors import DeclinedError
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native.keras.to_layers import archive_to_layers
from workflow.models.protobuf import LENGTH, VARINT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FLOAT = {"type": "DT_FLOAT"}


def sound_models(folder: Path, gallery: Path) -> Iterator[Path]:
    """Yield models below ``folder``, and files of ``gallery`` with the layers models that are made of them."""
    yield from (graph(folder / "graph"), layers(folder / "layers"), write_h5(folder / "small.h5"))
    yield from (frozen(folder / "frozen.pb"), saved_model(folder / "saved_model"))
    for file in sorted(gallery.glob("*/m.*")):
        yield file
        target = folder / file.parent.name
        if file.suffix == ".keras" and not target.exists():
            try:
                archive_to_layers(Job(file, "keras_keras", target, "tfjs_layers_model", {}, Silent()))
            except DeclinedError:
                continue
            yield target


def graph(folder: Path) -> Path:
    """Write a graph model with a function, a fused operation, quantized and text weights, and both signatures."""
    dice = np.random.default_rng(1)
    groups = [
        [
            Stored("w", dice.standard_normal((2, 3)).astype("float32")),
            quantized("bias", dice.integers(0, 256, 3).astype("uint8"), low=-1.0, scale=0.01),
            texts("names", [b"one", b"", b"three"]),
        ],
        [
            Stored("half", np.array([1, 2, 3], "float16"), {"dtype": "float32", "quantization": {"dtype": "float16"}}),
            Stored("then_1/inner", np.array([1, 2], "int32")),
        ],
    ]
    ports = {"x": {"name": "x:0", "dtype": "DT_FLOAT", "tensorShape": _shape("-1", "2")}}
    signature = {
        "inputs": ports,
        "outputs": {"y": {"name": "y:0", "dtype": "DT_FLOAT", "tensorShape": _shape("-1", "3")}},
    }
    return save(
        folder,
        groups,
        cut=16,
        format="graph-model",
        generatedBy="2.13.1",
        convertedBy="TensorFlow.js Converter v4.22.0",
        signature=signature,
        userDefinedMetadata={"signature": signature, "structuredOutputKeys": ["y"]},
        modelTopology={"node": _nodes(), "library": {"function": [_function()]}, "versions": {"producer": 1482}},
    )


def _shape(*sizes: str) -> dict[str, Any]:
    return {"dim": [{"size": size} for size in sizes]}


def _const(name: str, dtype: str, *sizes: str) -> dict[str, Any]:
    tensor = {"dtype": dtype, "tensorShape": _shape(*sizes)}
    return {"name": name, "op": "Const", "attr": {"dtype": {"type": dtype}, "value": {"tensor": tensor}}}


def _nodes() -> list[dict[str, Any]]:
    fused = {"fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdQ=="]}}, "num_args": {"i": "1"}, "T": _FLOAT}
    return [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": _FLOAT, "shape": {"shape": _shape("-1", "2")}}},
        _const("w", "DT_FLOAT", "2", "3"),
        _const("bias", "DT_FLOAT", "3"),
        _const("half", "DT_FLOAT", "3"),
        _const("names", "DT_STRING", "3"),
        {"name": "fused", "op": "_FusedMatMul", "input": ["x", "w", "bias"], "attr": fused},
        {"name": "added", "op": "AddV2", "input": ["fused", "half"], "attr": {"T": _FLOAT}},
        {"name": "asked", "op": "Less", "input": ["added", "half"], "attr": {"T": _FLOAT}},
        {
            "name": "chosen",
            "op": "StatelessIf",
            "input": ["asked", "added"],
            "attr": {"then_branch": {"func": {"name": "then_1"}}, "else_branch": {"func": {"name": "then_1"}}},
        },
        {"name": "y", "op": "Identity", "input": ["chosen", "^asked"], "attr": {"T": _FLOAT}},
    ]


def _function() -> dict[str, Any]:
    argument = {"name": "a", "type": "DT_FLOAT"}
    return {
        "signature": {"name": "then_1", "inputArg": [argument], "outputArg": [{**argument, "name": "r"}]},
        "nodeDef": [_const("inner", "DT_INT32", "2"), {"name": "same", "op": "Identity", "input": ["a"]}],
        "ret": {"r": "same:output:0"},
    }


def layers(folder: Path) -> Path:
    """Write a functional layers model with a model inside, shared and wrapped layers, and trained with options."""
    dice = np.random.default_rng(2)
    kernel = dice.standard_normal((4, 4)).astype("float32")
    groups = [
        [Stored("shared/kernel", kernel), Stored("shared/bias", np.zeros(4, "float32"))],
        [
            quantized("out/kernel", dice.integers(0, 65536, (4, 2)).astype("uint16"), low=-2.0, scale=1e-4),
            Stored("out/bias", np.zeros(2, "float32")),
            Stored("norm/gamma", np.ones(4, "float32")),
            Stored("norm/beta", np.zeros(4, "float32")),
            Stored("norm/moving_mean", np.zeros(4, "float32")),
            Stored("norm/moving_variance", np.ones(4, "float32")),
            Stored("Adam/iter", np.array(1, "int32"), {"group": "optimizer"}),
        ],
    ]
    config = {
        "name": "net",
        "layers": [
            _layer("InputLayer", "a", batch_input_shape=[None, 3, 4], dtype="float32"),
            _layer("InputLayer", "b", batch_input_shape=[None, 3, 4], dtype="float32"),
            {**_each_step(), "inbound_nodes": [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]},
            _layer("Add", "add", [["each", 0, 0, {}], ["each", 1, 0, {}]]),
            _layer("BatchNormalization", "norm", [["add", 0, 0, {}]], axis=[2], epsilon=0.001, momentum=0.99),
            _layer("GlobalAveragePooling1D", "pool", [["norm", 0, 0, {}]]),
            _layer("Dense", "out", [["pool", 0, 0, {}]], units=2, activation="softmax", use_bias=True),
        ],
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["out", 0, 0]],
    }
    topology = {
        "keras_version": "2.13.1",
        "backend": "tensorflow",
        "model_config": {"class_name": "Functional", "config": config},
        "training_config": {"loss": "mse", "optimizer_config": {"class_name": "Adam", "config": {"lr": 0.001}}},
    }
    named: dict[str, Any] = {"format": "layers-model", "generatedBy": "keras v2.13.1", "modelTopology": topology}
    return save(folder, groups, cut=64, **named)


def _layer(class_name: str, name: str, *nodes: Any, **config: Any) -> dict[str, Any]:
    made = {"name": name, "trainable": True, **config}
    return {"class_name": class_name, "name": name, "config": made, "inbound_nodes": list(nodes)}


def _each_step() -> dict[str, Any]:
    initializer = {"class_name": "GlorotUniform", "config": {"seed": None}}
    regularizer = {"class_name": "L2", "config": {"l2": 0.01}}
    dense = {
        "name": "shared",
        "trainable": True,
        "dtype": "float32",
        "units": 4,
        "activation": "relu",
        "use_bias": True,
    }
    dense |= {"kernel_initializer": initializer, "kernel_regularizer": regularizer}
    return _layer("TimeDistributed", "each", dtype="float32", layer={"class_name": "Dense", "config": dense})


def frozen(file: Path) -> Path:
    """Write a frozen graph of three operations with attributes."""
    file.write_bytes(graph_def())
    return file


def saved_model(folder: Path) -> Path:
    """Write a SavedModel with a signature and what stands for variables."""
    (folder / "variables").mkdir(parents=True)
    tensor = written([(1, LENGTH, b"x:0"), (2, VARINT, b"\x01")])
    port = written([(1, LENGTH, b"x"), (2, LENGTH, tensor)])
    signature = written([(1, LENGTH, port), (2, LENGTH, port), (3, LENGTH, b"tensorflow/serving/predict")])
    entry = written([(1, LENGTH, b"serving_default"), (2, LENGTH, signature)])
    meta = written([(1, LENGTH, written([(4, LENGTH, b"serve")])), (2, LENGTH, graph_def()), (5, LENGTH, entry)])
    (folder / "saved_model.pb").write_bytes(written([(1, VARINT, b"\x01"), (2, LENGTH, meta)]))
    (folder / "variables" / "variables.index").write_bytes(b"index" * 20)
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"data" * 20)
    return folder


def graph_def() -> bytes:
    """Return a GraphDef of three operations."""
    dtype = written([(1, LENGTH, b"dtype"), (2, LENGTH, written([(6, VARINT, b"\x01")]))])
    nodes = [
        written([(1, LENGTH, b"x"), (2, LENGTH, b"Placeholder"), (5, LENGTH, dtype)]),
        written([(1, LENGTH, b"same"), (2, LENGTH, b"Identity"), (3, LENGTH, b"x"), (5, LENGTH, dtype)]),
        written([(1, LENGTH, b"y"), (2, LENGTH, b"Relu"), (3, LENGTH, b"same:0"), (5, LENGTH, dtype)]),
    ]
    versions = written([(1, VARINT, b"\x15")])
    return written([*((1, LENGTH, node) for node in nodes), (4, LENGTH, versions)])
