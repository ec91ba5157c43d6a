"""Graph models written by hand: nodes as model.json has them, and weights beside."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

FLOAT = {"T": {"type": "DT_FLOAT"}}
Json = dict[str, Any]


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode("ascii")


def node(name: str, op: str, inputs: tuple[str, ...] = (), **attributes: Any) -> Json:
    return {"name": name, "op": op, "input": list(inputs), "attr": {**FLOAT, **attributes}}


def fused(name: str, op: str, inputs: tuple[str, ...], steps: tuple[str, ...], **attributes: Any) -> Json:
    """Return a fused node; its steps are spelt as lists of character codes, which old converters write."""
    listed = {"fused_ops": {"list": {"s": [list(step.encode()) for step in steps]}}}
    return node(name, op, inputs, num_args={"i": str(len(inputs) - 2)}, **listed, **attributes)


def placeholder(name: str, shape: tuple[int, ...]) -> Json:
    dims = {"dim": [{"size": str(size)} for size in shape]}
    return {"name": name, "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": dims}}}


def convolving(layout: str = "NHWC") -> Json:
    ones = {"list": {"i": ["1", "1", "1", "1"]}}
    return {"strides": ones, "dilations": ones, "padding": {"s": text("VALID")}, "data_format": {"s": text(layout)}}


def write(folder: Path, nodes: list[Json], weights: Mapping[str, NDArray[Any]], **more: Any) -> Path:
    """Write the model; each weight that a node reads becomes a Const node as well."""
    folder.mkdir()
    read = {name for one in nodes for name in one.get("input", ())}
    weights = {name: array for name, array in weights.items() if name in read}
    constants = [
        {
            "name": name,
            "op": "Const",
            "attr": {"dtype": {"type": "DT_FLOAT"}, "value": {"tensor": {"dtype": "DT_FLOAT", "tensorShape": {}}}},
        }
        for name in weights
    ]
    (folder / "w.bin").write_bytes(b"".join(np.asarray(array, np.float32).tobytes() for array in weights.values()))
    entries = [{"name": name, "shape": list(array.shape), "dtype": "float32"} for name, array in weights.items()]
    model = {
        "format": "graph-model",
        "modelTopology": {"node": [*constants, *nodes], "library": {}, "versions": {}},
        "weightsManifest": [{"paths": ["w.bin"], "weights": entries}],
        **more,
    }
    (folder / "model.json").write_text(json.dumps(model), "utf-8")
    return folder
