"""What a graph does first with each of its inputs, so that what is drawn for it means something to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.worker.shared.needs import Need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
_TABLE, _INDICES = 0, 1
_BYTES, _BYTE = frozenset({"DT_UINT8", "4"}), 256  # numbers that TensorFlow.js takes as int32


def needs_of_graph(graph: Graph, names: Sequence[str]) -> list[Need]:
    """Return the needs of a graph's inputs, which these nodes or keys of its signature name.

    Numbers that are looked up in a table are below its size: TensorFlow.js reads past the end of one without a word.
    """
    ports = {port.name: port for port in (*graph.inputs, *graph.placeholders)}
    starts = {name: port.tensor.partition(":")[0] for name, port in ports.items()}
    small = {name: Need(bound=_BYTE) for name, port in ports.items() if port.dtype in _BYTES}
    nodes = {node.name: node for node in graph.nodes}
    users: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for feed in node.feeds:
            users.setdefault(feed, []).append(node)
    return [_need(starts.get(name, name), users, nodes).also(small.get(name, Need())) for name in names]


def _need(start: str, users: Mapping[str, Sequence[Node]], nodes: Mapping[str, Node]) -> Need:
    found, waiting, seen = Need(), [start], {start}
    while waiting:
        here = waiting.pop()
        for node in users.get(here, ()):
            if node.op in _LOOKUPS and len(node.feeds) > _INDICES and node.feeds[_INDICES] == here:
                found = found.also(Need(bound=_rows(nodes.get(node.feeds[_TABLE]), nodes)))
            elif node.op in _PASSING and node.name not in seen:
                seen.add(node.name)
                waiting.append(node.name)
    return found


def _rows(table: Node | None, nodes: Mapping[str, Node]) -> int | None:
    """Return how many rows a constant has, which may stand behind identities; None where that is not known."""
    steps = 0
    while table is not None and table.op == "Identity" and table.feeds and steps < len(nodes):
        table, steps = nodes.get(table.feeds[0]), steps + 1
    shape = table.constant.shape if table is not None and table.constant is not None else None
    return shape[0] if shape else None
