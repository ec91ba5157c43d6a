"""Topologies of graph models as GraphDefs: what TensorFlow.js forgives and TensorFlow does not is put right."""

from __future__ import annotations

import base64
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from .. import outside_ops
from ..failure import JobError
from .artifacts import Json

_PARTS = ("node", "library", "versions")
_SHOWN = 5


def parse(topology: Json) -> Any:
    """Return the GraphDef that the JSON describes; raises ``JobError`` where it describes none."""
    import tensorflow as tf
    from google.protobuf import json_format
    from tensorflow.core.framework import graph_pb2

    described = {name: topology[name] for name in _PARTS if topology.get(name)}
    for node in _described_nodes(described):
        for attribute in (node.get("attr") or {}).values():
            _spell_bytes(attribute)
    try:
        graph = json_format.ParseDict(described, graph_pb2.GraphDef(), ignore_unknown_fields=True)
    except (json_format.ParseError, TypeError, AttributeError) as problem:
        raise JobError(
            "source", f"the topology is written in a way that TensorFlow does not read: {problem}"
        ) from problem
    if not graph.versions.producer:  # old converters drop it; without it TensorFlow applies the rules of 2015
        graph.versions.producer = tf.version.GRAPH_DEF_VERSION
    return graph


def bodies(graph: Any) -> Iterator[Tuple[str, Any]]:
    """Yield the name of a function ("" for the graph itself) with its nodes."""
    yield "", graph.node
    for function in graph.library.function:
        yield function.signature.name, function.node_def


def clean(graph: Any) -> None:
    """Take out of all nodes what binds them to where they came from, and attributes that TensorFlow does not know."""
    functions = {function.signature.name for function in graph.library.function}
    for _, nodes in bodies(graph):
        for node in nodes:
            node.device = ""
            node.ClearField("experimental_debug_info")
            known = None if node.op in functions else _attributes(node.op)
            for name in list(node.attr):
                if name.startswith("_") or (known is not None and name not in known):
                    del node.attr[name]


def spell_names(graph: Any) -> None:
    """Give nodes inside functions names that TensorFlow takes: converters prefix constants with ``__inference_``."""
    for function in graph.library.function:
        taken = {node.name for node in function.node_def}
        names = {name: _free(name.lstrip("_") or "node", taken) for name in sorted(taken) if name.startswith("_")}
        for node in function.node_def if names else ():
            node.name = names.get(node.name, node.name)
            node.input[:] = [_renamed(reference, names) for reference in node.input]
        for returned in (function.ret, function.control_ret) if names else ():
            for output, reference in returned.items():
                returned[output] = _renamed(reference, names)


def check_ops(graph: Any, *, unsafe: bool) -> None:
    """Raise ``JobError`` naming the ops that TensorFlow does not have, or that reach out, and nodes that use them."""
    outside_ops.require_none(graph, unsafe=unsafe)
    functions = {function.signature.name for function in graph.library.function}
    foreign: Dict[str, List[str]] = {}
    for _, nodes in bodies(graph):
        for node in nodes:
            if node.op not in functions and _attributes(node.op) is None:
                foreign.setdefault(node.op, []).append(node.name)
    if foreign:
        raise JobError("foreign_ops", "; ".join(f"{op} (at {_some(names)})" for op, names in sorted(foreign.items())))


def _free(wish: str, taken: Set[str]) -> str:
    name, number = wish, 0
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    taken.add(name)
    return name


def _renamed(reference: str, names: Dict[str, str]) -> str:
    mark = "^" if reference.startswith("^") else ""
    name, colon, rest = reference[len(mark) :].partition(":")
    return f"{mark}{names.get(name, name)}{colon}{rest}"


def _some(names: List[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _attributes(op: str) -> Optional[Iterable[str]]:
    """Return the names of an op's attributes; None where TensorFlow has no such op."""
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(op)
    return None if definition is None else {attribute.name for attribute in definition.attr}


def _described_nodes(topology: Json) -> Iterator[Json]:
    yield from topology.get("node") or ()
    for function in (topology.get("library") or {}).get("function") or ():
        yield from function.get("nodeDef") or function.get("node_def") or ()


def _spell_bytes(attribute: Any) -> None:
    """Write strings that are lists of character codes, which TensorFlow.js takes as well, in base64."""
    for holder, key in ((attribute, "s"), ((attribute or {}).get("list") or {}, "s")):
        value = holder.get(key) if isinstance(holder, dict) else None
        if not isinstance(value, list) or not value:
            continue
        if all(isinstance(code, int) for code in value):
            holder[key] = _base64(value)
        else:
            holder[key] = [_base64(item) if isinstance(item, list) else item for item in value]


def _base64(codes: List[int]) -> str:
    return base64.b64encode(bytes(codes)).decode("ascii")
