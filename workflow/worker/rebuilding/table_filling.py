"""Lookup tables: the graph that fills them becomes a part of the main graph, behind one node that runs it."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Optional

from ..failure import JobError
from ..graph.repairs.nodes import node_name
from .artifacts import GraphArtifact

_PREFIX = "initializer"
_TABLES = frozenset(["HashTable", "HashTableV2"])
_PASSING_ON = frozenset(["Identity"])
_NO_WORK = frozenset(["Const", "Placeholder"])


def merge(graph: Any, initializer: Any, *, artifact: GraphArtifact) -> str:
    """Add the initializer's nodes to the GraphDef and return the name of the node that fills all tables.

    The two graphs share a table where their ports share a ``resourceId``, or, in models of TensorFlow 1, by the name
    of its node. Raises ``JobError`` where a table is asked for that nothing makes.
    """
    shared = _shared(graph, initializer)
    names = {node.name: shared.get(node.name, f"{_PREFIX}/{node.name}") for node in initializer.node}
    for node in initializer.node:
        if node.name in shared:
            continue
        added = graph.node.add()
        added.CopyFrom(node)
        added.name = names[node.name]
        added.input[:] = [_renamed(reference, names) for reference in node.input]
        if added.op in _TABLES:
            added.attr["shared_name"].s = added.name.encode()
            del added.input[:]  # what orders it among the initializer's work must not hang on every answer
    _add_functions(graph, initializer)
    _connect(graph, {placeholder: names[table] for placeholder, table in _handles(initializer, artifact).items()})
    work = [names[node.name] for node in _unread(initializer) if node.op not in _NO_WORK]
    graph.node.add(op="NoOp", name=f"{_PREFIX}/run", input=[f"^{name}" for name in work])
    return f"{_PREFIX}/run"


def _shared(graph: Any, initializer: Any) -> Dict[str, str]:
    here = {node.name for node in graph.node if node.op in _TABLES}
    return {node.name: node.name for node in initializer.node if node.op in _TABLES and node.name in here}


def _handles(initializer: Any, artifact: GraphArtifact) -> Dict[str, str]:
    """Return for each placeholder of a table in the main graph the node of the initializer that makes the table."""
    nodes = {node.name: node for node in initializer.node}
    made = {
        port["resourceId"]: _maker(nodes, port.get("name") or key)
        for key, port in (artifact.filled.get("outputs") or {}).items()
        if "resourceId" in port
    }
    found = {}
    for key, port in (artifact.signature.get("inputs") or {}).items():
        if "resourceId" not in port:
            continue
        table = made.get(port["resourceId"])
        if table is None:
            raise JobError("source", f"the lookup table {key} is made by nothing in the model's initializer")
        found[node_name(port.get("name") or key)] = table
    return found


def _maker(nodes: Dict[str, Any], tensor: str) -> Optional[str]:
    """Go back from an output of the initializer to the table: behind it hangs the filling, which is to be done once."""
    node = nodes.get(node_name(tensor))
    while node is not None and node.op in _PASSING_ON and node.input:
        node = nodes.get(node_name(node.input[0]))
    return node.name if node is not None else None


def _connect(graph: Any, makers: Dict[str, str]) -> None:
    """Let tables take the place of placeholders."""
    for position in reversed([at for at, node in enumerate(graph.node) if node.name in makers]):
        del graph.node[position]
    for node in graph.node if makers else ():
        node.input[:] = [_renamed(reference, makers) for reference in node.input]


def _renamed(reference: str, names: Dict[str, str]) -> str:
    name = node_name(reference)
    mark = "^" if reference.startswith("^") else ""
    return f"{mark}{names.get(name, name)}{reference[len(mark) + len(name) :]}"


def _add_functions(graph: Any, initializer: Any) -> None:
    there = {function.signature.name for function in graph.library.function}
    for function in initializer.library.function:
        if function.signature.name not in there:
            graph.library.function.add().CopyFrom(function)


def _unread(graph: Any) -> Iterable[Any]:
    read = {node_name(reference) for node in graph.node for reference in node.input}
    return [node for node in graph.node if node.name not in read]
