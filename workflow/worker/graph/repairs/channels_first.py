"""Repair: convolutions and poolings with channels first, between two transpositions.

TensorFlow.js pools such data along the wrong axes, adds the bias along the wrong one, and often refuses the rest.
"""

from __future__ import annotations

from typing import Any, List

from .activations import Value
from .nodes import INT32, Body, attribute

_TO_LAST, _TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
_CONVOLVING = ("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
_POOLING = ("AvgPool", "MaxPool")
_PER_AXIS = ("strides", "dilations", "ksize")


def repair(body: Body) -> List[Any]:
    """Transpose data to channels last, compute, and transpose the result back."""
    return body.rewrite({**dict.fromkeys([*_CONVOLVING, *_POOLING], _transposed), "BiasAdd": _bias})


def _transposed(body: Body, node: Any) -> bool:
    if attribute(node, "data_format").s != b"NCHW":
        return False
    value = Value(body, node, node.input[0])
    turned = value.step("Transpose", value.reference, body.constant(_TO_LAST, INT32), Tperm=INT32)
    copy = type(node).FromString(node.SerializeToString())
    copy.name = body.free_name(f"{node.name}/channels_last")
    copy.input[0] = turned
    copy.attr["data_format"].s = b"NHWC"
    for name in _PER_AXIS:
        if name in copy.attr:
            sizes = list(node.attr[name].list.i)
            copy.attr[name].list.i[:] = [sizes[axis] for axis in _TO_LAST]
    if attribute(copy, "padding").s == b"EXPLICIT":
        pads = list(node.attr["explicit_paddings"].list.i)
        copy.attr["explicit_paddings"].list.i[:] = [pads[2 * axis + end] for axis in _TO_LAST for end in (0, 1)]
    result = body.put(copy)
    value.step("Transpose", result, body.constant(_TO_FIRST, INT32), last=True, Tperm=INT32)
    return True


def _bias(body: Body, node: Any) -> bool:
    if attribute(node, "data_format").s != b"NCHW":
        return False
    value = Value(body, node, node.input[0])
    shaped = value.step("Reshape", node.input[1], body.constant([1, -1, 1, 1], INT32), Tshape=INT32)
    value.step("AddV2", node.input[0], shaped, last=True)
    return True
