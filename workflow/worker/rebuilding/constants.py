"""Constants of a graph: their shapes first, which decide how ops are lowered, their values last, for they are large."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from ..failure import JobError
from ..graph.freezing import LARGEST
from . import values
from .artifacts import GraphArtifact, Json
from .topologies import bodies

_SHOWN = 5
_MADE_OF = {"float32": 1, "int32": 3, "string": 7, "complex64": 8, "bool": 10}
"""Numbers of DataType for constants of which the topology does not say the type."""

_Place = Tuple[int, str, str]


class Constants:
    """The Const nodes of some GraphDefs and the manifest's entries that belong to them."""

    def __init__(self, artifact: GraphArtifact, graphs: Sequence[Any]) -> None:
        """Find what belongs together, and give the nodes the manifest's shapes, as TensorFlow.js does.

        Raises ``JobError`` for constants without a value, and for more than a graph can hold.
        """
        self._artifact, self._graphs = artifact, graphs
        self._weights: Dict[_Place, str] = {}
        entries, lost, size = artifact.entries(), [], 0
        for place, node in self._nodes():
            names = [node.name, f"{place[1]}/{node.name}"]  # inside functions some converters prefix only the weight
            name = next((name for name in names if name in entries), None)
            if name is not None:
                self._weights[place] = name
                size += _shape(node, entries[name])
            elif not _has_value(node.attr["value"].tensor):
                lost.append(node.name)
        _check(lost, size)

    def fill(self) -> None:
        """Read the weight files and put the values into the nodes, which may have become others of the same names."""
        nodes: Dict[str, List[Any]] = {}
        for place, node in self._nodes():
            if place in self._weights:
                nodes.setdefault(self._weights[place], []).append(node)
        for name, array in values.read(self._artifact.manifest, self._artifact.folder):
            for node in nodes.get(name, ()):
                _fill(node, array)

    def _nodes(self) -> Iterator[Tuple[_Place, Any]]:
        for number, graph in enumerate(self._graphs):
            for function, nodes in bodies(graph):
                for node in nodes:
                    if node.op == "Const":
                        yield (number, function, node.name), node


def _check(lost: List[str], size: int) -> None:
    if lost:
        rest = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        raise JobError("source", f"no weight belongs to the constants {', '.join(lost[:_SHOWN])}{rest}")
    if size > LARGEST:
        raise JobError("too_large", f"its constants have {size / 2**30:.2f} GiB, and a graph holds no more than 2 GiB")


def _shape(node: Any, entry: Json) -> int:
    """Give the node the entry's shape, without values, and return the bytes that they will take (of texts, none)."""
    import tensorflow as tf

    tensor, dtype = node.attr["value"].tensor, node.attr["dtype"]
    dtype.type = dtype.type or tensor.dtype or _MADE_OF.get(entry.get("dtype", ""), 0)
    tensor.CopyFrom(type(tensor)(dtype=dtype.type))
    tensor.tensor_shape.SetInParent()
    for size in entry["shape"]:
        tensor.tensor_shape.dim.add(size=int(size))
    return int(np.prod([int(size) for size in entry["shape"]], dtype=np.int64)) * (tf.as_dtype(dtype.type).size or 0)


def _has_value(tensor: Any) -> bool:
    fields = {field.name for field, _ in tensor.ListFields()} - {"dtype", "tensor_shape", "version_number"}
    return bool(fields) or any(dim.size == 0 for dim in tensor.tensor_shape.dim)


def _fill(node: Any, array: Any) -> None:
    import tensorflow as tf

    tensor, kind = node.attr["value"].tensor, tf.as_dtype(node.attr["dtype"].type)
    if (kind == tf.string) != (array.dtype == object):
        raise JobError("source", f"the constant {node.name} is {kind.name} in the graph and {array.dtype} in the files")
    if kind == tf.string:
        tensor.string_val.extend(bytes(text) for text in array.reshape(-1).tolist())
    elif array.size:
        tensor.tensor_content = np.ascontiguousarray(array, kind.as_numpy_dtype).tobytes()
