"""Outputs that stay what they are: nodes of their own, which no fusion takes and no folding scales.

The graphs of TensorFlow 2 end in such nodes. Those of TensorFlow 1 end in the ops themselves, and the reference's
fusions know nothing of outputs: they lose them, or change what they hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Iterable, List, Tuple

from .freezing import renamed
from .signatures import TensorPort, Signature

_TAKEN = frozenset(
    [
        *("Conv2D", "DepthwiseConv2dNative", "MatMul", "Add", "AddV2", "BiasAdd", "Relu", "Relu6", "Elu"),
        *("Abs", "Mul", "Neg", "Sub", "FusedBatchNorm", "FusedBatchNormV3", "BatchNormWithGlobalNormalization"),
    ]
)
"""What the fusions and the folding take as a part of something larger."""


def apart(graph: Any, signature: Signature) -> Tuple[Any, Signature]:
    """Give a node to each output that is not the first tensor of its node, or the second one there.

    TensorFlow.js names outputs by nodes, and knows only one name for each.
    """
    names = {node.name for node in graph.node}
    found: List[TensorPort] = []
    for port in signature.outputs:
        tensor = port.tensor if ":" in port.tensor else f"{port.tensor}:0"
        if tensor.endswith(":0") and all(port.node != other.node for other in found):
            found.append(port)
            continue
        name = _free(f"{port.node}/output_{len(found)}", names)
        _add_identity(graph, name, port, source=tensor)
        found.append(replace(port, tensor=f"{name}:0"))
    return graph, replace(signature, outputs=tuple(found))


def shared(graph: Any, signature: Signature) -> List[TensorPort]:
    """Return the outputs that other nodes read as well, and that folding would change for both."""
    ops = {node.name: node.op for node in graph.node}
    read = {name.split(":")[0] for node in graph.node for name in node.input}
    return [port for port in signature.outputs if port.node in read and ops.get(port.node) in _TAKEN]


def lost(graph: Any, signature: Signature) -> List[TensorPort]:
    """Return the outputs that the graph no longer has a node for."""
    names = {node.name for node in graph.node}
    return [port for port in signature.outputs if port.node not in names]


def guard(graph: Any, ports: Iterable[TensorPort]) -> Any:
    """Return the GraphDef with a node of nothing but its name for each of the outputs; what makes it is renamed."""
    guarded = {port.node: port for port in ports}
    if not guarded:
        return graph
    names = {node.name for node in graph.node}
    new: Dict[str, str] = {name: _free(f"{name}/made", names) for name in guarded}
    result = type(graph).FromString(graph.SerializeToString())
    for node in result.node:
        node.name = new.get(node.name, node.name)
        node.input[:] = [renamed(name, new) for name in node.input]
        if "_class" in node.attr:
            places = node.attr["_class"].list.s
            places[:] = [renamed(place.decode(), new).encode() for place in places]
    for name, port in guarded.items():
        _add_identity(result, name, port, source=f"{new[name]}:0")
    return result


def _add_identity(graph: Any, name: str, port: TensorPort, *, source: str) -> None:
    node = graph.node.add(name=name, op="Identity", input=[source])
    node.attr["T"].type = port.dtype or 1


def _free(wish: str, names: "set[str]") -> str:
    name = wish
    while name in names:
        name += "_"
    names.add(name)
    return name
