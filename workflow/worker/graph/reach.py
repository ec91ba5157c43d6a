"""What a graph needs for its outputs, and what it does not."""

from __future__ import annotations

from typing import Any, Iterable, Set


def names(graph: Any, ends: Iterable[str]) -> Set[str]:
    """Return the names of the nodes that these nodes depend on, by data or control, and of these nodes themselves."""
    nodes = {node.name: node for node in graph.node}
    waiting = [name for name in ends if name in nodes]
    seen = set(waiting)
    while waiting:
        following = {name.lstrip("^").split(":")[0] for name in nodes[waiting.pop()].input} - seen
        seen |= following
        waiting += following
    return seen


def needed(graph: Any, ends: Iterable[str]) -> Any:
    """Return the GraphDef with only the nodes that these nodes depend on, in the order that they have."""
    kept = names(graph, ends)
    result = type(graph)()
    result.node.extend(node for node in graph.node if node.name in kept)
    result.library.CopyFrom(graph.library)
    result.versions.CopyFrom(graph.versions)
    return result
