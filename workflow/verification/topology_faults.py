"""Faults inside a model's topology: layers, nodes, weights that are not there or are otherwise than it says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.models.keras.layers import variables
from workflow.models.keras.tree import entries, inner_model, is_container, layer_name, leaves
from workflow.models.topology import model_config
from workflow.verification.evidence import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from workflow.models.graph import Constant, Graph, Node, SignaturePort
    from workflow.models.weights_manifest import Weight

    Json = dict[str, Any]

HELD_AS = {
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
_REFERENCE = 3  # layer, node, tensor


def graph_faults(document: Json, path: Path, *, weights: Mapping[str, Weight] | None) -> list[Finding]:
    """Return what in a graph model.json refers to something that is not there or is otherwise than it says.

    What is no graph is for the inspection to refuse; ``weights`` is None where the manifest is none.
    """
    from workflow.models.graph import read_graph  # noqa: PLC0415  for graph models alone

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
    from workflow.models.graph import node_name  # noqa: PLC0415  as above

    return [
        Finding(f"the node {node.name} ({node.op}) reads {tensor}, which is not in the graph", node.name)
        for node in nodes
        for tensor in node.inputs
        if node_name(tensor) not in names
    ]


def _lost_ports(side: str, ports: Iterable[SignaturePort], names: Collection[str]) -> list[Finding]:
    from workflow.models.graph import node_name  # noqa: PLC0415  as above

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
    dtype = HELD_AS.get(constant.dtype)
    if dtype is not None and dtype != weight.dtype:
        found.append(f"is {weight.dtype} in the manifest and {dtype} in the graph")
    if constant.shape is not None and constant.shape != weight.shape:
        found.append(f"has the shape {list(weight.shape)} in the manifest and {list(constant.shape)} in the graph")
    return [Finding(f"the weight {name} {problem}", subject=name) for problem in found]


def layer_faults(document: Json, path: Path, *, weights: Mapping[str, Weight] | None) -> list[Finding]:
    """Return what in a layers model.json refers to something that is not there or is otherwise than it says.

    ``weights`` is None where the manifest is none.
    """
    try:
        config = model_config(document.get("modelTopology"), str(path))
        found = _broken_references(config)
        return found + (_weight_problems(config, weights) if weights is not None else [])
    except ModelFileError as error:
        return [Finding(error.message, remedy=error.hint)]


def _containers(config: Json) -> Iterator[Json]:
    waiting = [config]
    while waiting:
        container = waiting.pop()
        yield container
        waiting += [model for entry in entries(container) if (model := inner_model(entry)) is not None]


def _broken_references(config: Json) -> list[Finding]:
    found: list[Finding] = []
    for container in _containers(config):
        names = Counter(layer_name(entry) for entry in entries(container) if _has_name(entry))
        found += [Finding(f"{count} layers are called {name}", name) for name, count in names.items() if count > 1]
        for entry in entries(container):
            found += [
                Finding(f"the layer {layer_name(entry)} is fed by {above}, which is no layer of the model", above)
                for above in inbound(entry)
                if above not in names
            ]
        found += [
            Finding(f"{name} is named among the model's {side.replace('_', ' ')} and is no layer of it", name)
            for side in ("input_layers", "output_layers")
            for name in ends(container, side)
            if name not in names
        ]
    return found


def _has_name(entry: Json) -> bool:
    config = entry.get("config")
    return bool(entry.get("name") or (isinstance(config, dict) and config.get("name")))


def inbound(entry: Json) -> list[str]:
    """Return the layers that feed a layer, as the words of Keras 2 list them, once for each use."""
    nodes = entry.get("inbound_nodes")
    return [name for node in (nodes if isinstance(nodes, list) else ()) for name in _references(node)]


def _references(value: object) -> Iterator[str]:
    """Yield the layers of every ``[layer, node, tensor, {arguments}]`` in a value, also among the arguments."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return
    if len(value) >= _REFERENCE and isinstance(value[0], str) and all(type(one) is int for one in value[1:3]):
        yield value[0]
    for inner in value:
        yield from _references(inner)


def ends(container: Json, side: str) -> list[str]:
    """Return the names of a functional model's ``input_layers`` or ``output_layers``, in order.

    Keras takes dictionaries by their sorted keys, whatever the order of its file.
    """
    config = container.get("config")
    listed = config.get(side) if isinstance(config, dict) else None
    if isinstance(listed, dict):
        listed = [listed[key] for key in sorted(listed)]
    if not isinstance(listed, list):
        return []
    if listed and isinstance(listed[0], str):
        listed = [listed]
    return [one[0] for one in listed if isinstance(one, list) and one and isinstance(one[0], str)]


def _weight_problems(config: Json, weights: Mapping[str, Weight]) -> list[Finding]:
    named = {"/".join(name.split("/")[:end]) for name in weights for end in range(1, name.count("/") + 1)}
    parts = named | {part for name in named for part in name.split("/")}
    found: list[Finding] = []
    for path, entry in leaves(config):
        if is_container(entry):
            continue
        for role, shape in _expected(entry):
            weight = weights.get(f"{path[-1]}/{role}")
            if weight is not None:
                found += _shape_problem(weight, shape)
            elif path[-1] in parts and not _elsewhere(path[-1], role, weights):
                text = f"the layer {path[-1]} ({entry['class_name']}) has no weight {path[-1]}/{role} in the manifest"
                found.append(Finding(text, f"{path[-1]}/{role}"))
    return found


def _expected(entry: Json) -> list[tuple[str, tuple[int | None, ...] | None]]:
    """Return the weights that a layer makes for itself, as far as they are known without the shape of its input."""
    try:
        return [(one.role, one.shape) for one in variables(entry["class_name"], entry["config"], shape=None)]
    except (KeyError, TypeError, IndexError, ValueError, AttributeError):
        return []


def _elsewhere(layer: str, role: str, weights: Mapping[str, Weight]) -> bool:
    last = role.rpartition("/")[2]
    return any(f"/{layer}/" in f"/{name}" and name.endswith(f"/{last}") for name in weights)


def _shape_problem(weight: Weight, shape: tuple[int | None, ...] | None) -> list[Finding]:
    stored = weight.shape
    if shape is None:
        return []
    if len(stored) == len(shape) and all(want in (None, size) for want, size in zip(shape, stored, strict=True)):
        return []
    wanted = ["any" if size is None else size for size in shape]
    text = f"the weight {weight.name} has the shape {list(stored)}, and its layer makes {wanted}"
    return [Finding(text, subject=weight.name)]
