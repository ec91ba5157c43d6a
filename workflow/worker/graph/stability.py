"""The same model always gives the same bytes: what numbers of this process have crept into a graph is taken out."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List

_REDUNDANT = re.compile(r"_\d+(___redundant_placeholder)")
_NUMBERED = re.compile(r"(?:__(?:inference|forward|backward)_)?(.*?)(?:_\d+)?")


def stabilize(graph: Any) -> None:
    """Name the GraphDef's functions by what they are and in the order of their use, and drop the debug notes."""
    library = {function.signature.name: function for function in graph.library.function}
    names = {name: f"{_base(name)}_{number}" for number, name in enumerate(_used(graph, library))}
    for nodes in _bodies(graph):
        for node in nodes:
            node.ClearField("experimental_debug_info")
            if node.op in names:  # a function can be called as an op
                node.op = names[node.op]
            for reference in _references(node):
                reference.name = names.get(reference.name, reference.name)
    functions = []
    for old, new in names.items():
        copy = type(library[old]).FromString(library[old].SerializeToString())
        copy.signature.name = new
        _rename_arguments(copy)
        functions.append(copy)
    del graph.library.function[:]
    graph.library.function.extend(functions)


def _rename_arguments(function: Any) -> None:
    """Take the numbers out of the names of arguments that a loop's condition has only to match its body."""
    names: Dict[str, str] = {}
    for argument in function.signature.input_arg:
        old = argument.name
        argument.name = names[old] = _REDUNDANT.sub(r"\1", old)
    for node in function.node_def:
        node.input[:] = [names.get(name, name) for name in node.input]


def _base(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    return match[1] if match and match[1] else name


def _bodies(graph: Any) -> List[Any]:
    return [graph.node, *(function.node_def for function in graph.library.function)]


def _used(graph: Any, library: Dict[str, Any]) -> List[str]:
    """Return the names of the functions that are called, in the order in which one meets them; others are dropped."""
    found: Dict[str, None] = {}
    waiting = [graph.node]
    while waiting:
        for node in waiting.pop(0):
            for name in [node.op, *(reference.name for reference in _references(node))]:
                if name in library and name not in found:
                    found[name] = None
                    waiting.append(library[name].node_def)
    return list(found)


def _references(node: Any) -> Iterator[Any]:
    """Yield where a node's attributes name functions, in the order of the attributes' names."""
    for _, attribute in sorted(node.attr.items()):
        if attribute.HasField("func"):
            yield attribute.func
        yield from attribute.list.func if attribute.HasField("list") else ()


def in_order(described: Any) -> Any:
    """Return a message written as JSON with its maps sorted: a protocol buffer's maps have no order of their own."""
    if isinstance(described, list):
        return [in_order(item) for item in described]
    if not isinstance(described, dict):
        return described
    return {key: _sorted(in_order(value)) if key in _MAPS else in_order(value) for key, value in described.items()}


def _sorted(described: Any) -> Any:
    return dict(sorted(described.items())) if isinstance(described, dict) else described


_MAPS = frozenset(["attr", "argAttr", "controlRet", "resourceArgUniqueId", "ret"])
