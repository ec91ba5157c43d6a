"""What a rebuilt graph takes and gives: its signature's ports, else what TensorFlow.js takes for them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from ..failure import JobError
from ..graph.repairs.nodes import node_name
from ..graph.signatures import TensorPort, Shape, Signature
from .artifacts import GraphArtifact, Json

_NO_RESULT = frozenset(["NoOp", "Assert", "Const", "Print"])


def declared(graph: Any, artifact: GraphArtifact) -> Signature:
    """Return inputs and outputs by their public names, with shapes where the signature says them.

    Inputs without a node are left out, as TensorFlow.js does. Where the signature names no inputs they are the
    placeholders, and without outputs those are the nodes that nothing reads. ``structuredOutputKeys`` rename outputs.
    """
    nodes = {node.name: node for node in graph.node}
    inputs = [port for port in _ports(artifact.signature.get("inputs")) if port.node in nodes]
    outputs = _ports(artifact.signature.get("outputs"))
    lost = [port.key for port in outputs if port.node not in nodes]
    if lost:
        raise JobError("source", f"the signature's outputs {', '.join(lost)} are not in the graph")
    outputs = outputs or [_port(node.name) for node in _unread(graph)]
    if len(artifact.output_names) == len(outputs):
        outputs = [
            TensorPort(name, port.tensor, port.dtype, port.shape) for name, port in zip(artifact.output_names, outputs)
        ]
    return Signature(tuple(_with_placeholders(graph, inputs, outputs)), tuple(outputs))


def give_shapes(graph: Any, signature: Signature) -> None:
    """Let placeholders have the shapes that the signature says, where they say none themselves."""
    shapes = {port.node: port.shape for port in signature.inputs if port.shape is not None}
    for node in graph.node:
        if node.op != "Placeholder" or node.name not in shapes:
            continue
        own = node.attr["shape"].shape
        if own.dim and not own.unknown_rank:
            continue
        own.Clear()
        for size in shapes[node.name] or ():
            own.dim.add(size=-1 if size is None else size)
        own.SetInParent()


def completed(signature: Signature, imported: Any) -> Signature:
    """Return the signature with the types and shapes that the imported graph knows, where it knows more."""
    return Signature(
        tuple(_completed(port, imported) for port in signature.inputs),
        tuple(_completed(port, imported) for port in signature.outputs),
    )


def _completed(port: TensorPort, imported: Any) -> TensorPort:
    tensor = imported.get_tensor_by_name(port.tensor)
    known = tensor.shape
    if port.shape is not None and known.is_compatible_with(list(port.shape)):
        known = known.merge_with(list(port.shape))
    shape: Shape = None if known.rank is None else tuple(known.as_list())
    return TensorPort(port.key, port.tensor, tensor.dtype.base_dtype.as_datatype_enum, shape)


def _ports(side: Optional[Json]) -> List[TensorPort]:
    return [_port(key, described or {}) for key, described in (side or {}).items()]


def _port(key: str, described: Optional[Json] = None) -> TensorPort:
    described = described or {}
    name = described.get("name") or key
    return TensorPort(key, name if ":" in name else f"{name}:0", shape=_shape(described.get("tensorShape")))


def _shape(described: Optional[Json]) -> Shape:
    """Return a shape as protocol buffers write it in JSON; None where the rank is not known."""
    if described is None or described.get("unknownRank"):
        return None
    sizes = [int((dim or {}).get("size", 0)) for dim in described.get("dim") or ()]
    return tuple(None if size < 0 else size for size in sizes)


def _unread(graph: Any) -> List[Any]:
    read = {node_name(reference) for node in graph.node for reference in node.input}
    return [node for node in graph.node if node.name not in read and node.op not in _NO_RESULT]


def _with_placeholders(graph: Any, inputs: List[TensorPort], outputs: Sequence[TensorPort]) -> List[TensorPort]:
    """Add the placeholders that outputs depend on and that are no inputs yet: nothing runs while one is not fed."""
    nodes = {node.name: node for node in graph.node}
    used = _ancestors(nodes, outputs, stop={port.node for port in inputs})
    there = {port.node for port in inputs}
    missing = [node for node in graph.node if node.op == "Placeholder" and node.name in used - there]
    if not inputs:
        missing = [node for node in graph.node if node.op.startswith("Placeholder")]
    return [*inputs, *(_port(node.name) for node in missing)]


def _ancestors(nodes: Dict[str, Any], outputs: Sequence[TensorPort], *, stop: "set[str]") -> "set[str]":
    waiting, found = [port.node for port in outputs], set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in nodes:
            continue
        found.add(name)
        if name not in stop:
            waiting += [node_name(reference) for reference in nodes[name].input]
    return found
