"""Lookup tables that are filled from text files: from the model's own assets, and from nowhere else.

The name of an asset comes from the loader: as the value of a constant that the SavedModel lists, or as an argument of a
function that the graph itself calls nowhere with a name of its own making.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterator, List, Set, Tuple

_OPS = frozenset(["InitializeTableFromTextFile", "InitializeTableFromTextFileV2"])
_FILENAME = 1
_Sink = Tuple[str, int]
"""An op or function by its name, and which of its inputs is the name of a file."""


def reading_elsewhere(graph: Any, assets: FrozenSet[str]) -> Dict[int, Any]:
    """Return the nodes, by identity, that take the name of a file from something else than the loader.

    ``assets`` are the nodes of the graph itself that the loader gives the paths of the model's files.
    """
    bodies = list(_bodies(graph))
    if not any(node.op in _OPS for _, nodes, _ in bodies for node in nodes):
        return {}
    sinks: Set[_Sink] = {(op, _FILENAME) for op in _OPS}
    found: Dict[int, Any] = {}
    while True:
        before = len(sinks)
        for name, nodes, arguments in bodies:
            made = {node.name: node for node in nodes}
            for node, reference in _named_files(nodes, sinks):
                if reference in arguments:
                    sinks.add((name, arguments.index(reference)))
                elif reference in made and (name or not _is_asset(reference, made, assets=assets)):
                    found[id(node)] = node
        if len(sinks) == before:
            return found


def _is_asset(reference: str, nodes: Dict[str, Any], *, assets: FrozenSet[str]) -> bool:
    """Tell whether a node is an asset's name, or reads the variable that the asset's name has just been put into."""
    node = nodes.get(reference)
    if reference in assets or node is None or node.op != "ReadVariableOp":
        return reference in assets
    writers = [one for one in nodes.values() if one.op == "AssignVariableOp" and one.input[0] == node.input[0]]
    waits_for = {one[1:] for one in node.input if one.startswith("^")}
    return bool(writers) and all(one.name in waits_for and one.input[1].split(":")[0] in assets for one in writers)


def _bodies(graph: Any) -> Iterator[Tuple[str, Any, List[str]]]:
    """Yield the graph and its functions: name, nodes, and the names of arguments."""
    yield "", graph.node, []
    for function in graph.library.function:
        yield function.signature.name, function.node_def, [argument.name for argument in function.signature.input_arg]


def _named_files(nodes: Any, sinks: Set[_Sink]) -> Iterator[Tuple[Any, str]]:
    """Yield the nodes that use an input as a file's name, with the node or argument that it comes from."""
    for node in nodes:
        called = [node.op, *(one.name for value in node.attr.values() for one in (value.func, *value.list.func))]
        for name, number in list(sinks):
            inputs = [reference for reference in node.input if not reference.startswith("^")]
            if name in called and number < len(inputs):
                yield node, inputs[number].split(":")[0]
