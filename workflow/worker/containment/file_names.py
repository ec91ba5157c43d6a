"""Tables that are filled from text files: only from those among a SavedModel's own assets."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Set, Tuple

from . import bounds, folders

_READING = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1}
"""Ops that read the file which one of their inputs names, and which input that is."""

_ASSIGNS = frozenset(["AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"])
_CALLS = frozenset(["PartitionedCall", "StatefulPartitionedCall"])


def require_own(graph: Any, part: Any = None) -> None:
    """Raise ``JobError`` (leads_out) where a table of a GraphDef reads a file that is no asset of ``part``.

    ``part`` is the MetaGraphDef around the graph. A name that is computed is refused like one that is written down.
    """
    _Names(graph, part).check()


class _Names:
    """Where the names of files come from: through calls of functions, back to what is an asset or is not."""

    def __init__(self, graph: Any, part: Any) -> None:
        self._functions = {function.signature.name: function for function in graph.library.function}
        self._bodies: Dict[str, Dict[str, Any]] = {
            name: {node.name: node for node in function.node_def} for name, function in self._functions.items()
        }
        self._bodies[""] = {node.name: node for node in graph.node}
        given = folders.assets(part) if part is not None else ()
        self._assets = {asset.tensor_info.name.split(":")[0] for asset in given}
        self._objects = part.object_graph_def if part is not None and part.HasField("object_graph_def") else None
        self._seen: Set[Tuple[str, int]] = set()

    def check(self) -> None:
        for function, nodes in self._bodies.items():
            for node in nodes.values():
                if node.op in _READING:
                    self._require_asset(function, _input(node, _READING[node.op]), told=node.name)

    def _require_asset(self, function: str, reference: str, *, told: str) -> None:
        """Follow a tensor of a body to where it comes from."""
        name = reference.split(":", maxsplit=1)[0]
        if function and name in self._arguments(function):
            self._require_given(function, self._arguments(function).index(name), told=told)
            return
        node = self._bodies[function].get(name)
        behind = self._behind(function, node) if node is not None else []
        if behind:
            for one in behind:
                self._require_asset(function, one, told=told)
        elif function or name not in self._assets:
            what = f"the node {name} ({node.op})" if node is not None else name
            raise bounds.leads_out(f"the table {told} reads a file that is no asset of the model: {what} names it")

    def _behind(self, function: str, node: Any) -> List[str]:
        """Return what a node hands on as it is: its input, or all that its variable is given before it is read."""
        if node.op == "Identity":
            return [_input(node, 0)]
        if node.op != "ReadVariableOp":
            return []
        variable = _input(node, 0)
        writers = [one for one in self._bodies[function].values() if one.op in _ASSIGNS and _input(one, 0) == variable]
        first = all(f"^{one.name}" in node.input for one in writers)
        return [_input(one, 1) for one in writers] if first else []

    def _arguments(self, function: str) -> List[str]:
        return [argument.name for argument in self._functions[function].signature.input_arg]

    def _require_given(self, function: str, place: int, *, told: str) -> None:
        """Look at all that may be given to a function in the place of an argument."""
        if (function, place) in self._seen:
            return
        self._seen.add((function, place))
        for caller, reference in self._given(function, place, told=told):
            self._require_asset(caller, reference, told=told)
        if self._objects is not None and function in self._objects.concrete_functions:
            bound = list(self._objects.concrete_functions[function].bound_inputs)
            number = place - (len(self._arguments(function)) - len(bound))
            if number < 0 or not self._objects.nodes[bound[number]].HasField("asset"):
                raise bounds.leads_out(f"the table {told} reads a file that is no asset of the model")

    def _given(self, function: str, place: int, *, told: str) -> Iterator[Tuple[str, str]]:
        for caller, nodes in self._bodies.items():
            for node in nodes.values():
                if node.op == function or (node.op in _CALLS and node.attr["f"].func.name == function):
                    yield caller, _input(node, place)
                elif any(function == one.name for one in _called(node)):
                    raise bounds.leads_out(f"the table {told} reads a file that {node.name} ({node.op}) names")


def _called(node: Any) -> Iterator[Any]:
    for attribute in node.attr.values():
        yield from (attribute.func, *attribute.list.func)


def _input(node: Any, place: int) -> str:
    inputs = [str(name) for name in node.input if not name.startswith("^")]
    return inputs[place] if place < len(inputs) else ""
