"""Graphs of TensorFlow before anything of them runs: constants hold what they claim, and little is made of nothing."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

from ..shared import containment_rules as rules
from . import bounds

_Shape = Optional[List[int]]
_Rule = Callable[[Any, "_Body"], int]
_ITEM = 4  # bytes of a number where a node does not say which
_NUMBERS = {1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 8: 8, 9: 8, 10: 1, 14: 2, 17: 2, 18: 16, 19: 2, 22: 4, 23: 8}
"""Bytes of a value by DataType."""


def require_moderate(graph: Any, *, held: int) -> None:
    """Raise ``JobError`` (too_much) for constants that claim more than the file has, and ops that make huge tensors.

    ``held`` is the size of the file of the GraphDef. What ops make is told from constants alone: sizes that depend on
    what a graph is fed are found out when it runs.
    """
    total = 0
    for body in _bodies(graph):
        for node in body.nodes.values():
            if node.op == "Const":
                claimed = _claimed(node.attr["value"].tensor)
                bounds.require_likely(f"the constant {node.name}", claimed, held=held)
                total += claimed
            else:
                _require_moderate_growth(node, body)
    bounds.require_likely("the constants of the graph together", total, held=held)


def _bodies(graph: Any) -> Iterator["_Body"]:
    yield _Body(graph.node)
    for function in graph.library.function:
        yield _Body(function.node_def)


class _Body:
    """The nodes of a graph or a function, and what is known of the constants among them."""

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.nodes: Dict[str, Any] = {node.name: node for node in nodes}

    def constant(self, node: Any, place: int) -> Any:
        """Return the values of an input that is a small constant, else None."""
        import numpy as np
        from tensorflow.python.framework import tensor_util

        found = self._behind(node, place)
        if found is None or found.op != "Const" or _claimed(found.attr["value"].tensor) > _LARGEST_SIZES:
            return None
        try:
            return np.asarray(tensor_util.MakeNdarray(found.attr["value"].tensor)).reshape(-1)
        except (TypeError, ValueError):
            return None

    def shape(self, node: Any, place: int) -> _Shape:
        """Return the shape of an input that is a constant, else None."""
        found = self._behind(node, place)
        if found is None or found.op != "Const":
            return None
        return [int(dim.size) for dim in found.attr["value"].tensor.tensor_shape.dim]

    def _behind(self, node: Any, place: int) -> Any:
        inputs = [name for name in node.input if not name.startswith("^")]
        seen = 0
        found = self.nodes.get(inputs[place].split(":")[0]) if place < len(inputs) else None
        while found is not None and found.op in _PASSED and found.input and seen < len(self.nodes):
            found, seen = self.nodes.get(found.input[0].split(":")[0]), seen + 1
        return found


_PASSED = frozenset(["Identity", "StopGradient", "Cast", "EnsureShape"])
_LARGEST_SIZES = 1 << 16


def _claimed(tensor: Any) -> int:
    count = 1
    for dim in tensor.tensor_shape.dim:
        count *= max(int(dim.size), 0)
    return count * _NUMBERS.get(tensor.dtype, _ITEM)


def _require_moderate_growth(node: Any, body: _Body) -> None:
    rule = _GROWTH.get(node.op)
    if rule is None:
        return
    size = rule(node, body) * _ITEM
    if size > bounds.LARGEST_TENSOR:
        raise bounds.too_much(f"the node {node.name} ({node.op}) makes a tensor of {rules.in_words(size)}")


def _product(values: Any) -> int:
    count = 1
    for value in [] if values is None else values:
        count *= max(int(value), 1)
    return count


def _shaped_by(place: int) -> _Rule:
    return lambda node, body: _product(body.constant(node, place))


def _tiled(node: Any, body: _Body) -> int:
    return _product(body.constant(node, 1)) * _product(body.shape(node, 0))


def _counted(node: Any, body: _Body) -> int:
    ends = [body.constant(node, place) for place in range(3)]
    if any(end is None or len(end) != 1 for end in ends):
        return 1
    start, limit, step = (float(end[0]) for end in ends)
    return int(abs(limit - start) / abs(step)) if step else 1


def _padded(node: Any, body: _Body) -> int:
    sizes = body.constant(node, 1)
    if sizes is None:
        return 1
    return _product([int(before) + int(after) + 1 for before, after in zip(sizes[::2], sizes[1::2])])


_RANDOM = (
    *("RandomUniform", "RandomUniformInt", "RandomStandardNormal"),
    *("TruncatedNormal", "ParameterizedTruncatedNormal"),
)
_STATELESS = tuple(
    f"StatelessRandom{kind}{version}" for kind in ("Uniform", "Normal", "UniformInt") for version in ("", "V2")
)
_SHAPED = {
    0: ("Fill", "Empty", *_RANDOM, *_STATELESS, "StatelessTruncatedNormal", "StatelessTruncatedNormalV2"),
    1: ("BroadcastTo", "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "Bincount", "SparseToDense"),
    2: ("ScatterNd", "LinSpace"),
}
"""Ops by the input that says the shape of what they make."""

_GROWTH: Dict[str, _Rule] = {
    **{op: _shaped_by(place) for place, ops in _SHAPED.items() for op in ops},
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), _padded),
    "TensorListReserve": _shaped_by(1),
    "OneHot": _tiled,
    "Range": _counted,
    "Tile": _tiled,
}
"""How many values an op makes at least, as far as constants tell."""
