"""Small TensorFlow.js models written by hand, for what the models of strangers do not have."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Json = dict[str, Any]

_TYPES = {"float32": "DT_FLOAT", "int32": "DT_INT32", "bool": "DT_BOOL", "string": "DT_STRING"}


def placeholder(name: str, shape: Sequence[int], dtype: str = "float32") -> Json:
    return node(name, "Placeholder", dtype=kind(dtype), shape={"shape": {"dim": [{"size": str(n)} for n in shape]}})


def node(name: str, op: str, *inputs: str, **attributes: Any) -> Json:
    return {"name": name, "op": op, "input": list(inputs), "attr": attributes}


def kind(dtype: str) -> Json:
    return {"type": _TYPES[dtype]}


def text(value: str) -> Json:
    return {"s": base64.b64encode(value.encode()).decode()}


def graph_model(
    folder: Path,
    nodes: Sequence[Json],
    *,
    weights: Mapping[str, NDArray[Any]] | None = None,
    shards: int = 1,
    extra: Json | None = None,
) -> Path:
    """Write a graph model; every weight becomes a Const, and the bytes are cut into ``shards`` files at any place."""
    known = weights or {}
    types = {name: kind(array.dtype.name) for name, array in known.items()}
    consts = [
        node(name, "Const", dtype=types[name], value={"tensor": {"dtype": types[name]["type"]}}) for name in known
    ]
    topology = {"node": [*consts, *nodes], "library": {}, "versions": {"producer": 1}}
    document = {"format": "graph-model", "modelTopology": topology, **(extra or {})}
    return _write(folder, document, known, shards=shards)


def dense_model(folder: Path, weights: Mapping[str, NDArray[Any]], *, class_name: str = "Dense") -> Path:
    """Write a layers model of one layer with two units on two values."""
    config = {"name": "out", "units": 2, "activation": "linear", "use_bias": True, "batch_input_shape": [None, 2]}
    layers = [{"class_name": class_name, "config": config}]
    model = {"class_name": "Sequential", "config": {"name": "tiny", "layers": layers}}
    topology = {"keras_version": "2.13.1", "backend": "tensorflow", "model_config": model}
    return _write(folder, {"format": "layers-model", "modelTopology": topology}, weights, shards=1)


def dense_weights(kernel: float = 2.0) -> dict[str, NDArray[Any]]:
    return {"out/kernel": np.eye(2, dtype=np.float32) * np.float32(kernel), "out/bias": np.ones(2, np.float32)}


def slow_model(folder: Path) -> Path:
    """Write a graph model that the cpu backend needs minutes for, in one synchronous piece."""
    big = {"dims": np.array([4000, 4000], np.int32), "value": np.array(0.5, np.float32)}
    nodes = [
        placeholder("x", [-1, 1]),
        node("filled", "Fill", "dims", "value", T=kind("float32")),
        node("shifted", "AddV2", "filled", "x", T=kind("float32")),
        node("y", "MatMul", "shifted", "filled", transpose_a={"b": False}, transpose_b={"b": False}, T=kind("float32")),
    ]
    return graph_model(folder, nodes, weights=big)


def _write(folder: Path, document: Json, weights: Mapping[str, NDArray[Any]], *, shards: int) -> Path:
    folder.mkdir(parents=True)
    raw = b"".join(array.tobytes() for array in weights.values())
    size = -(-len(raw) // shards) if raw else 0
    names = [f"group1-shard{number + 1}of{shards}.bin" for number in range(shards)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(raw[number * size : (number + 1) * size])
    specs = [{"name": name, "shape": list(w.shape), "dtype": w.dtype.name} for name, w in weights.items()]
    document["weightsManifest"] = [{"paths": names, "weights": specs}] if weights else []
    (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")
    return folder
