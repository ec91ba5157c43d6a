"""Faults inside a graph model's topology: nodes that are not there, constants without values or of another shape."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.models.graph import node_name, read_graph
from workflow.verification.model import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from workflow.models.graph import Constant, Graph, Node, SignaturePort
    from workflow.models.weights_manifest import Weight

DTYPES = {
    "DT_FLOAT": "float32",
    "DT_HALF": "float32",
    "DT_DOUBLE": "float32",
    "DT_INT32": "int32",
    "DT_INT64": "int32",
    "DT_BOOL": "bool",
    "DT_STRING": "string",
    "DT_COMPLEX64": "complex64",
}
"""What TensorFlow.js holds values of each TensorFlow dtype as."""


def problems(document: dict[str, Any], path: Path, *, weights: Mapping[str, Weight] | None) -> list[Finding]:
    """Return what in a graph model.json refers to something that is not there or is otherwise than it says.

    What is no graph is for the inspection to refuse; ``weights`` is None where the manifest is none.
    """
    try:
        graph = read_graph(document, path)
    except ModelFileError:
        return []
    names = Counter(node.name for node in graph.nodes)
    found = [Finding(f"{count} nodes are called {name}", subject=name) for name, count in names.items() if count > 1]
    found += _lost_inputs(graph.nodes, names)
    found += _lost_ports("input", graph.inputs, names) + _lost_ports("output", graph.outputs, names)
    return found + (_constant_problems(graph, weights) if weights is not None else [])


def _lost_inputs(nodes: Iterable[Node], names: Collection[str]) -> list[Finding]:
    return [
        Finding(f"the node {node.name} ({node.op}) reads {tensor}, which is not in the graph", node.name)
        for node in nodes
        for tensor in node.inputs
        if node_name(tensor) not in names
    ]


def _lost_ports(side: str, ports: Iterable[SignaturePort], names: Collection[str]) -> list[Finding]:
    return [
        Finding(f"the signature's {side} {port.name} is the tensor {port.tensor}, which is not in the graph", port.name)
        for port in ports
        if node_name(port.tensor) not in names
    ]


def _constant_problems(graph: Graph, weights: Mapping[str, Weight]) -> list[Finding]:
    endings = {name[place + 1 :] for name in weights for place, letter in enumerate(name) if letter == "/"}
    found = []
    for node in (node for _, nodes in graph.bodies() for node in nodes):
        if node.constant is None:
            continue
        weight = weights.get(node.name)
        if weight is not None:
            found += _mismatches(node.name, node.constant, weight)
        elif not node.constant.is_inline and node.name not in endings:  # in a function, its name stands before it
            found.append(Finding(f"the constant {node.name} has no weight in the manifest", subject=node.name))
    return found


def _mismatches(name: str, constant: Constant, weight: Weight) -> list[Finding]:
    found = []
    dtype = DTYPES.get(constant.dtype)
    if dtype is not None and dtype != weight.dtype:
        found.append(f"is {weight.dtype} in the manifest and {dtype} in the graph")
    if constant.shape is not None and constant.shape != weight.shape:
        found.append(f"has the shape {list(weight.shape)} in the manifest and {list(constant.shape)} in the graph")
    return [Finding(f"the weight {name} {problem}", subject=name) for problem in found]
