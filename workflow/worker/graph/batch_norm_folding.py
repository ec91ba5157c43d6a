"""Batch normalisation folded into the convolution before it: the reference's rewriting, without its loop over weights.

The numbers are the reference's, bit for bit: scales in double precision, products rounded once. Where it would change
what others read (a convolution that feeds more than the normalisation), nothing is folded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Counter, Dict, List, Optional, Set

import numpy as np

_NORMALIZATIONS = {
    "BatchNormWithGlobalNormalization": ("variance_epsilon", ("mean", "variance", "beta", "gamma")),
    "FusedBatchNorm": ("epsilon", ("gamma", "beta", "mean", "variance")),
    "FusedBatchNormV3": ("epsilon", ("gamma", "beta", "mean", "variance")),
}
"""The attribute that holds epsilon, and the order of the inputs after the data."""
_CONVOLUTIONS = frozenset(["Conv2D", "DepthwiseConv2dNative"])
_ADDITIONS = frozenset(["BiasAdd", "Add", "AddV2"])


@dataclass(frozen=True)
class _Match:
    """A normalisation, the convolution that it normalises, what is added between them, and all constants."""

    node: Any
    convolution: Any
    weights: Any
    addition: Optional[Any]
    constants: Dict[str, Any]


def fold(graph: Any) -> Any:
    """Return the GraphDef with normalisations after convolutions folded into weights and a BiasAdd."""
    nodes = {node.name: node for node in graph.node}
    readers = Counter(_name(name) for node in graph.node for name in node.input)
    matches = [match for match in (_match(node, nodes, readers) for node in graph.node) if match]
    if not matches:
        return graph
    gone: Set[str] = set()
    added: List[Any] = []
    for match in matches:
        gone |= {match.node.name, match.convolution.name}
        gone |= {match.addition.name} if match.addition is not None else set()
        if readers[match.weights.name] == 1:
            gone.add(match.weights.name)
    taken = set(nodes) - gone
    for match in matches:
        added += _folded(match, taken)
    return _rebuilt(graph, gone, {match.weights.name for match in matches}, added=added)


def _match(node: Any, nodes: Dict[str, Any], readers: "Counter[str]") -> Optional[_Match]:
    if node.op not in _NORMALIZATIONS or ("is_training" in node.attr and node.attr["is_training"].b):
        return None
    first, addition, bias = nodes[_name(node.input[0])], None, None
    if first.op in _ADDITIONS:
        addition = first
        sides = [nodes[_name(name)] for name in addition.input[:2]]
        first, bias = sides if sides[0].op in _CONVOLUTIONS else reversed(sides)
        if bias.op != "Const" or readers[addition.name] != 1:
            return None
    if first.op not in _CONVOLUTIONS or readers[first.name] != 1:
        return None
    weights = nodes[_name(first.input[1])]
    inputs = [nodes[_name(name)] for name in node.input[1:5]]
    if any(found.op != "Const" for found in (weights, *inputs)):
        return None
    constants = dict(zip(_NORMALIZATIONS[node.op][1], map(_values, inputs)))
    if bias is not None:
        constants["mean"] = constants["mean"] - _values(bias)
    if any(values.shape != (_channels(first, weights),) for values in constants.values()):
        return None
    return _Match(node, first, weights, addition, constants)


def _channels(convolution: Any, weights: Any) -> int:
    dims = [dim.size for dim in weights.attr["value"].tensor.tensor_shape.dim]
    return int(dims[3] if convolution.op == "Conv2D" else dims[2] * dims[3])


def _folded(match: _Match, taken: Set[str]) -> List[Any]:
    from tensorflow.core.framework import node_def_pb2

    values = match.constants
    weights = _values(match.weights)
    scale = _scale(match)
    offset = (-values["mean"] * scale) + values["beta"]
    per_weight = scale if match.convolution.op == "Conv2D" else scale.reshape(weights.shape[2:])
    name = match.convolution.name
    scaled = _constant(_free(f"{name}_weights", taken), (weights * per_weight).astype(weights.dtype))
    shift = _constant(_free(f"{name}_bn_offset", taken), offset.astype(values["mean"].dtype))
    convolution = node_def_pb2.NodeDef()
    convolution.CopyFrom(match.convolution)
    convolution.input[1] = scaled.name
    bias = node_def_pb2.NodeDef(op="BiasAdd", name=match.node.name, input=[name, shift.name])
    for attribute in ("T", "data_format"):
        bias.attr[attribute].CopyFrom(match.convolution.attr[attribute])
    return [scaled, convolution, shift, bias]


def _free(wish: str, taken: Set[str]) -> str:
    """Return a name that no node has: slim's depthwise convolutions call their own weights what we would call ours."""
    name = wish
    while name in taken:
        name += "_folded"
    taken.add(name)
    return name


def _scale(match: _Match) -> Any:
    values = match.constants
    attribute, _ = _NORMALIZATIONS[match.node.op]
    root = np.sqrt((values["variance"] + match.node.attr[attribute].f).astype(np.float64))
    if match.node.op == "BatchNormWithGlobalNormalization" and not match.node.attr["scale_after_normalization"].b:
        return 1.0 / root
    return (1.0 / root) * values["gamma"]


def _constant(name: str, values: Any) -> Any:
    from tensorflow.core.framework import node_def_pb2
    from tensorflow.python.framework import tensor_util

    node = node_def_pb2.NodeDef(op="Const", name=name)
    node.attr["value"].tensor.CopyFrom(tensor_util.make_tensor_proto(values, values.dtype.type, values.shape))
    node.attr["dtype"].type = node.attr["value"].tensor.dtype
    return node


def _rebuilt(graph: Any, gone: Set[str], weights: Set[str], *, added: List[Any]) -> Any:
    """Return the graph with ``added`` at its end, without ``gone`` and the ``weights`` that nobody reads any more."""
    kept = [node for node in graph.node if node.name not in gone]
    read = {_name(name) for node in (*kept, *added) for name in node.input}
    result = type(graph)()
    for node in kept:
        if node.name in weights and node.name not in read:
            continue
        copy = result.node.add()
        copy.CopyFrom(node)
        copy.input[:] = [name for name in node.input if not (name.startswith("^") and name[1:] in gone)]
    result.node.extend(added)
    result.library.CopyFrom(graph.library)
    result.versions.CopyFrom(graph.versions)
    return result


def _values(node: Any) -> Any:
    from tensorflow.python.framework import tensor_util

    return tensor_util.MakeNdarray(node.attr["value"].tensor)


def _name(reference: str) -> str:
    return reference.lstrip("^").split(":")[0]
