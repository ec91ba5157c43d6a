"""Faults inside a graph model's topology: nodes that are not there, constants without values or of another shape."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.verification.model import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json = dict[str, Any]

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

_INLINE = ("tensorContent", "floatVal", "intVal", "int64Val", "boolVal", "stringVal", "doubleVal", "halfVal")


def problems(document: Json) -> list[Finding]:
    """Return what in a graph model.json refers to something that is not there or is otherwise than it says."""
    topology = document.get("modelTopology")
    nodes = nodes_of(topology)
    by_name = {node["name"]: node for node in nodes}
    found = [
        Finding(f"{count} nodes are called {name}", subject=name)
        for name, count in Counter(node["name"] for node in nodes).items()
        if count > 1
    ]
    found += _lost_inputs(nodes, by_name)
    found += _lost_ports(signature_of(document), by_name)
    return found + _constant_problems(document, [*nodes, *_function_nodes(topology)])


def nodes_of(topology: object) -> list[Json]:
    """Return the nodes of a graph that have a name and an op."""
    every = topology.get("node") if isinstance(topology, dict) else None
    listed = every if isinstance(every, list) else []
    return [
        n for n in listed if isinstance(n, dict) and isinstance(n.get("name"), str) and isinstance(n.get("op"), str)
    ]


def signature_of(document: Json) -> Json:
    """Return the signature, which old converters put into the metadata; empty when there is none."""
    metadata = document.get("userDefinedMetadata")
    former = metadata.get("signature") if isinstance(metadata, dict) else None
    found = document.get("signature") or former
    return found if isinstance(found, dict) else {}


def node_name(tensor: str) -> str:
    """Return the node of a tensor name: ``x`` for ``x:0`` and ``^x``."""
    return tensor.lstrip("^").partition(":")[0]


def shape_of(value: object) -> tuple[int | None, ...] | None:
    """Return a shape as protobuf's JSON writes it; None when it does not say any."""
    if not isinstance(value, dict) or value.get("unknownRank"):
        return None
    dims = value.get("dim")
    if not isinstance(dims, list):
        return ()
    sizes = [int(dim.get("size", 0)) if isinstance(dim, dict) else -1 for dim in dims]
    return tuple(None if size < 0 else size for size in sizes)


def _function_nodes(topology: object) -> list[Json]:
    library = topology.get("library") if isinstance(topology, dict) else None
    functions = library.get("function") if isinstance(library, dict) else None
    found: list[Json] = []
    for function in functions if isinstance(functions, list) else ():
        found += nodes_of({"node": function.get("nodeDef")}) if isinstance(function, dict) else []
    return found


def _lost_inputs(nodes: list[Json], by_name: Mapping[str, Json]) -> list[Finding]:
    return [
        Finding(f"the node {node['name']} ({node['op']}) reads {tensor}, which is not in the graph", node["name"])
        for node in nodes
        for tensor in node.get("input") or ()
        if isinstance(tensor, str) and node_name(tensor) not in by_name
    ]


def _lost_ports(signature: Json, by_name: Mapping[str, Json]) -> list[Finding]:
    found = []
    for side in ("inputs", "outputs"):
        ports = signature.get(side)
        for name, port in (ports if isinstance(ports, dict) else {}).items():
            tensor = port.get("name", name) if isinstance(port, dict) else name
            if node_name(str(tensor)) not in by_name:
                text = f"the signature's {side[:-1]} {name} is the tensor {tensor}, which is not in the graph"
                found.append(Finding(text, subject=name))
    return found


def _constant_problems(document: Json, nodes: list[Json]) -> list[Finding]:
    weights = (
        {weight["name"]: weight for group in document["weightsManifest"] for weight in group.get("weights", ())}
        if _is_plain(document)
        else {}
    )
    found = []
    for node in nodes:
        if node["op"] != "Const":
            continue
        tensor = ((node.get("attr") or {}).get("value") or {}).get("tensor") or {}
        weight = weights.get(node["name"])
        if weight is not None:
            found += _mismatches(node["name"], tensor, weight)
        elif not any(tensor.get(key) for key in _INLINE) and not _is_function_weight(node["name"], weights):
            found.append(Finding(f"the constant {node['name']} has no weight in the manifest", subject=node["name"]))
    return found


def _is_plain(document: Json) -> bool:
    groups = document.get("weightsManifest")
    return isinstance(groups, list) and all(
        isinstance(group, dict) and all(isinstance(one, dict) and "name" in one for one in group.get("weights") or ())
        for group in groups
    )


def _is_function_weight(name: str, weights: Mapping[str, Json]) -> bool:
    return any(weight.endswith(f"/{name}") for weight in weights)


def _mismatches(name: str, tensor: Json, weight: Json) -> list[Finding]:
    found = []
    dtype = DTYPES.get(str(tensor.get("dtype")))
    if dtype is not None and dtype != weight.get("dtype"):
        found.append(f"is {weight.get('dtype')} in the manifest and {dtype} in the graph")
    shape = shape_of(tensor.get("tensorShape")) if "tensorShape" in tensor else None
    if shape is not None and list(shape) != weight.get("shape"):
        found.append(f"has the shape {weight.get('shape')} in the manifest and {list(shape)} in the graph")
    return [Finding(f"the weight {name} {problem}", subject=name) for problem in found]
