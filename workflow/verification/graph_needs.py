"""What a graph does first with each of its inputs, so that what is drawn for it means something to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.worker.shared.needs import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.models.graph import Graph, Node

_PASSING = frozenset(
    [
        *("Placeholder", "Identity", "IdentityN", "StopGradient", "Cast"),
        *("Reshape", "ExpandDims", "Squeeze", "Transpose", "Tile", "BroadcastTo", "Reverse", "ReverseV2"),
        *("Slice", "StridedSlice", "Split", "SplitV", "Unpack", "Pack", "Concat", "ConcatV2"),
    ]
)
"""Operations behind which an input's numbers are still those of the input, where they are at all."""

_LOOKUPS = frozenset({"Gather", "GatherV2"})
_TABLE, _INDICES, _AXIS = 0, 1, 2
_BYTES, _BYTE = frozenset({"DT_UINT8", "4"}), 256  # numbers that TensorFlow.js takes as int32


def needs_of_graph(graph: Graph, names: Sequence[str], *, number: Callable[[str], int | None]) -> list[Need]:
    """Return the needs of a graph's inputs, which these nodes or keys of its signature name.

    Numbers that are looked up in a table are below its size: TensorFlow.js reads past the end of one without a word.
    ``number`` gives the value of a constant that is one whole number, None for any other.
    """
    ports = {port.name: port for port in (*graph.inputs, *graph.placeholders)}
    starts = {name: port.tensor.partition(":")[0] for name, port in ports.items()}
    small = {name: Need(bound=_BYTE) for name, port in ports.items() if port.dtype in _BYTES}
    nodes = {node.name: node for node in graph.nodes}
    users: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for feed in node.feeds:
            users.setdefault(feed, []).append(node)
    tables = _Tables(nodes, number)
    return [_need(starts.get(name, name), users, tables).also(small.get(name, Need())) for name in names]


def _need(start: str, users: Mapping[str, Sequence[Node]], tables: _Tables) -> Need:
    found, waiting, seen = Need(), [start], {start}
    while waiting:
        here = waiting.pop()
        for node in users.get(here, ()):
            if node.op in _LOOKUPS and len(node.feeds) > _INDICES and node.feeds[_INDICES] == here:
                found = found.also(Need(bound=tables.entries(node)))
            elif node.op in _PASSING and node.name not in seen:
                seen.add(node.name)
                waiting.append(node.name)
    return found


class _Tables(Record):
    """The constants of a graph in which numbers are looked up."""

    nodes: Mapping[str, Node]
    number: Callable[[str], int | None]

    def entries(self, lookup: Node) -> int | None:
        """Return how many entries there are along the axis of a lookup; None where that is not known."""
        table = self._constant(lookup.feeds[_TABLE])
        shape = table.constant.shape if table is not None and table.constant is not None else None
        axis = self._axis(lookup)
        if not shape or axis is None or not -len(shape) <= axis < len(shape):
            return None
        return shape[axis] or None

    def _axis(self, lookup: Node) -> int | None:
        if len(lookup.feeds) <= _AXIS:
            return 0
        axis = self._constant(lookup.feeds[_AXIS])
        return None if axis is None else self.number(axis.name)

    def _constant(self, name: str) -> Node | None:
        """Return a constant, which may stand behind identities."""
        node, steps = self.nodes.get(name), 0
        while node is not None and node.op == "Identity" and node.feeds and steps < len(self.nodes):
            node, steps = self.nodes.get(node.feeds[0]), steps + 1
        return node
