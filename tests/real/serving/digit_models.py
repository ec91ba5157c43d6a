"""Two small models that read digits, fitted here in a moment: the demo page needs one that answers sensibly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

DIGITS = Path(__file__).resolve().parents[3] / "recipes" / "digits" / "digits.npz"
_SHARPNESS = 12.0
_SHARD = 1000


def _fitted() -> tuple[Any, Any]:
    """Return kernel (64, 10) and bias (10) of a linear classifier, by ridge regression on the digits."""
    with np.load(DIGITS) as data:
        images = data["x"].reshape(len(data["x"]), 64) / 16.0
        wanted = np.eye(10)[data["y"]]
    rows = np.hstack([images, np.ones((len(images), 1))])
    found = np.linalg.solve(rows.T @ rows + 1.0 * np.eye(65), rows.T @ wanted) * _SHARPNESS
    return found[:64].astype("<f4"), found[64].astype("<f4")


def write_layers_model(folder: Path) -> Path:
    """Write the classifier as a layers model in three weight files."""
    dense = {"name": "digit", "units": 10, "activation": "softmax", "use_bias": True}
    layers = [
        {
            "class_name": "InputLayer",
            "config": {"name": "image", "batch_input_shape": [None, 8, 8, 1], "dtype": "float32"},
        },
        {"class_name": "Flatten", "config": {"name": "flat"}},
        {"class_name": "Dense", "config": dense},
    ]
    topology = {
        "keras_version": "2.13.1",
        "backend": "tensorflow",
        "model_config": {"class_name": "Sequential", "config": {"name": "m", "layers": layers}},
    }
    return _write(folder, {"format": "layers-model", "modelTopology": topology}, ("digit/kernel", "digit/bias"))


def write_graph_model(folder: Path) -> Path:
    """Write the classifier as a graph model."""
    number = {"T": {"type": "DT_FLOAT"}}
    image = {"shape": {"dim": [{"size": size} for size in ("-1", "8", "8", "1")]}}
    nodes = [
        {"name": "image", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": image}},
        {"name": "kernel", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}}},
        {"name": "bias", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}}},
        {"name": "flat", "op": "Const", "attr": {"dtype": {"type": "DT_INT32"}}},
        {"name": "row", "op": "Reshape", "input": ["image", "flat"], "attr": number},
        {"name": "product", "op": "MatMul", "input": ["row", "kernel"], "attr": number},
        {"name": "sum", "op": "BiasAdd", "input": ["product", "bias"], "attr": number},
        {"name": "Identity", "op": "Softmax", "input": ["sum"], "attr": number},
    ]
    port = {"dtype": "DT_FLOAT", "tensorShape": image["shape"]}
    answer = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}, {"size": "10"}]}}
    signature = {
        "inputs": {"image": {"name": "image:0", **port}},
        "outputs": {"digit": {"name": "Identity:0", **answer}},
    }
    document = {
        "format": "graph-model",
        "modelTopology": {"node": nodes, "versions": {"producer": 1}},
        "signature": signature,
    }
    return _write(folder, document, ("kernel", "bias"), shape=np.array([-1, 64], "<i4"))


def _write(folder: Path, document: dict[str, Any], names: tuple[str, str], shape: Any = None) -> Path:
    kernel, bias = _fitted()
    arrays = [(names[0], kernel, "float32"), (names[1], bias, "float32")]
    arrays += [("flat", shape, "int32")] if shape is not None else []
    content = b"".join(array.tobytes() for _, array, _ in arrays)
    pieces = [content[begin : begin + _SHARD] for begin in range(0, len(content), _SHARD)]
    paths = [f"group1-shard{number}of{len(pieces)}.bin" for number in range(1, len(pieces) + 1)]
    weights = [{"name": name, "shape": list(array.shape), "dtype": dtype} for name, array, dtype in arrays]
    folder.mkdir(parents=True)
    for path, piece in zip(paths, pieces, strict=True):
        (folder / path).write_bytes(piece)
    manifest = [{"paths": paths, "weights": weights}]
    (folder / "model.json").write_text(json.dumps({**document, "weightsManifest": manifest}))
    return folder
