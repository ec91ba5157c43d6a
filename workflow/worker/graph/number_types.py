"""Types of numbers that TensorFlow.js does not have: found in a graph before a page fails at them."""

from __future__ import annotations

from typing import Any, FrozenSet

from ..failure import JobError
from . import origins
from .explaining import nodes_of

_CAST_TO = frozenset(
    [
        *("float16", "float32", "float64", "int8", "int32", "int64", "uint8"),
        *("bool", "string", "complex64", "complex128"),
    ]
)
"""What TensorFlow.js reads in a Cast, as the nearest type that it has; to any other it fails when the node runs."""

_LEFT_BY_QUANTIZING = ("int8", "int4", "uint4", "float8", "qint", "quint")


def require_castable(graph: Any, layers: FrozenSet[str]) -> None:
    """Raise ``JobError`` where a graph casts to a type that TensorFlow.js does not have; ``layers`` can be named."""
    from tensorflow.python.framework import dtypes

    for node in nodes_of(graph):
        number = node.attr["DstT"].type if node.op == "Cast" else 0
        kind = dtypes.as_dtype(number).name if number else ""
        if kind and kind not in _CAST_TO:
            raise error(f"the layer or node {origins.origin(node.name, layers)} casts to", kind)


def error(what: str, kind: str) -> JobError:
    """Return the failure for something that ``what`` begins to tell of a type; numbers as few bits are quantized."""
    word = "quantized_types" if kind.startswith(_LEFT_BY_QUANTIZING) else "types"
    return JobError(word, f"{what} {kind}, which TensorFlow.js does not have")
