"""Loops of TensorFlow 1: what comes in from outside goes through an Enter, which TensorFlow.js does not ask for.

Converters drop the control edges that held constants inside their loops. TensorFlow then refuses to run the loop: it
has "inputs from different frames".
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

from ..graph.repairs.nodes import node_name

Frame = Tuple[str, ...]
"""The names of the loops around a node, outermost first."""
_ENTERING, _LEAVING = frozenset(["Enter", "RefEnter"]), frozenset(["Exit", "RefExit"])
_PARALLEL = 10


def enter(graph: Any, dtype_of: Callable[[str], int]) -> int:
    """Let outer tensors enter the GraphDef's loops; returns how many did. ``dtype_of`` tells a tensor's DataType."""
    loops = {node.attr["frame_name"].s.decode(): node for node in graph.node if node.op in _ENTERING}
    if not loops:
        return 0
    frames = _frames(graph)
    entrances = _Entrances(loops, dtype_of)
    for node in graph.node:
        inside = frames[node.name][:-1] if node.op in _ENTERING else frames[node.name]
        kept = []
        for reference in node.input:
            outside = frames.get(node_name(reference), inside)
            if len(outside) >= len(inside):
                kept.append(reference)
            elif not reference.startswith("^"):  # an edge of order alone cannot come from outside, and need not
                kept.append(entrances.into(inside, reference, outside=outside))
        node.input[:] = kept
    graph.node.extend(entrances.nodes)
    return len(entrances.nodes)


def _frames(graph: Any) -> Dict[str, Frame]:
    """Return the loops around each node: those of what it reads, one more behind an Enter, one less behind an Exit."""
    readers: Dict[str, List[Any]] = {}
    for node in graph.node:
        for reference in node.input:
            readers.setdefault(node_name(reference), []).append(node)
    frames: Dict[str, Frame] = {node.name: () for node in graph.node}
    waiting = [node for node in graph.node if node.op in _ENTERING]
    while waiting:
        node = waiting.pop()
        read = [frames.get(node_name(reference), ()) for reference in node.input]
        found = max(read, key=len, default=())
        if node.op in _ENTERING:
            found = (*found, node.attr["frame_name"].s.decode())
        elif node.op in _LEAVING:
            found = found[:-1]
        if found != frames[node.name]:
            frames[node.name] = found
            waiting += readers.get(node.name, ())
    return frames


class _Entrances:
    """The Enter nodes that are made, one for each tensor and loop."""

    def __init__(self, loops: Dict[str, Any], dtype_of: Callable[[str], int]) -> None:
        self._loops, self._dtype_of = loops, dtype_of
        self._made: Dict[Tuple[str, Frame], str] = {}
        self.nodes: List[Any] = []

    def into(self, frame: Frame, reference: str, *, outside: Frame) -> str:
        """Return the reference to an outer tensor as it is inside the frame."""
        if len(outside) == len(frame):
            return reference
        key = (reference, frame)
        if key not in self._made:
            self._made[key] = self._enter(frame[-1], self.into(frame[:-1], reference, outside=outside), reference)
        return self._made[key]

    def _enter(self, loop: str, source: str, original: str) -> str:
        from tensorflow.core.framework import node_def_pb2

        name = f"{node_name(original)}/entered_{len(self.nodes)}"
        node = node_def_pb2.NodeDef(op="Enter", name=name, input=[source])
        node.attr["T"].type = self._dtype_of(original)
        node.attr["frame_name"].s = loop.encode()
        node.attr["is_constant"].b = True
        node.attr["parallel_iterations"].i = self._loops[loop].attr["parallel_iterations"].i or _PARALLEL
        self.nodes.append(node)
        return name
