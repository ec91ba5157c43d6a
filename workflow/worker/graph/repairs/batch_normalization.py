"""Repair: batch normalisation that TensorFlow.js computes wrongly, written out.

It ignores ``is_training`` (LayerNormalization becomes NaN) and ``data_format`` (channels first becomes wrong numbers).
"""

from __future__ import annotations

from typing import Any, List, Tuple

from .activations import Value
from .nodes import INT32, Body, attribute, node_name

_OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_PARAMETERS = [1, -1, 1, 1]


def repair(body: Body) -> List[Any]:
    """Write out normalisations in training mode, and those with channels first."""
    return body.rewrite(dict.fromkeys(_OPS, _write_out))


def _write_out(body: Body, node: Any) -> bool:
    training = attribute(node, "is_training").b if "is_training" in node.attr else True
    first = attribute(node, "data_format").s == b"NCHW"
    if not (training or first) or _statistics_are_read(body, node):
        return False
    data = body.data_inputs(node)
    value = Value(body, node, data[0])
    scale, offset = (_fitting(value, name, first=first) for name in data[1:3])
    if training:
        centred, variance = _moments(value, [0, 2, 3] if first else [0, 1, 2])
    else:
        mean, variance = (_fitting(value, name, first=first) for name in data[3:5])
        centred = value.step("Sub", data[0], mean)
    epsilon = node.attr["epsilon"].f if "epsilon" in node.attr else 0.0001
    root = value.step("Rsqrt", value.step("AddV2", variance, value.constant(float(epsilon))))
    scaled = value.step("Mul", centred, value.step("Mul", root, scale))
    value.step("AddV2", scaled, offset, last=True)
    return True


def _moments(value: Value, axes: List[int]) -> Tuple[str, str]:
    """Return the data minus its mean, and its variance, over all axes but the channels."""
    over = value.body.constant(axes, INT32)
    mean = value.step("Mean", value.reference, over, keep_dims=True, Tidx=INT32)
    centred = value.step("Sub", value.reference, mean)
    return centred, value.step("Mean", value.step("Mul", centred, centred), over, keep_dims=True, Tidx=INT32)


def _fitting(value: Value, parameter: str, *, first: bool) -> str:
    """Return a vector with one number for each channel in the shape in which it meets the data."""
    if not first:
        return parameter
    return value.step("Reshape", parameter, value.body.constant(_PARAMETERS, INT32), Tshape=INT32)


def _statistics_are_read(body: Body, node: Any) -> bool:
    """Say whether others read more than the normalised data: only training does."""
    own = {node.name, body.reference(node), f"{node.name}:0", f"{node.name}:y:0"}
    return any(
        node_name(name) == node.name and not name.startswith("^") and name not in own
        for other in body.nodes
        for name in other.input
    )
