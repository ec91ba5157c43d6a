"""Repair: fused convolutions and products that TensorFlow.js has no kernel for are taken apart again."""

from __future__ import annotations

from typing import Any, List, Optional

from ...shared import kernels
from .activations import FUSED, Value
from .nodes import Body, attribute

_BASES = {"_FusedConv2D": "Conv2D", "_FusedMatMul": "MatMul", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
_FUSION_ATTRIBUTES = (
    *("fused_ops", "num_args", "num_host_args", "epsilon", "leakyrelu_alpha"),
    *("TArgs", "THostArgs", "_grappler_relu_fusion", "user_ops"),
)
_ARITY = {"BiasAdd": 1, "Prelu": 1}
_PASSING_ON = frozenset(["Identity", "Enter", "RefEnter"])
_MOST_STEPS = 2


def repair(body: Body) -> List[Any]:
    """Unfuse what no kernel takes: an unknown activation, an activation without a bias, a bias that is no vector."""
    return body.rewrite(dict.fromkeys(_BASES, _unfuse))


def steps_of(node: Any) -> List[str]:
    """Return what a fused node does after its product or convolution, in order."""
    return [step.decode() for step in attribute(node, "fused_ops").list.s if step != b"NoOp"]


def _unfuse(body: Body, node: Any) -> bool:
    steps = steps_of(node)
    if _has_kernel(body, node, steps) or any(step not in FUSED and step not in _ARITY for step in steps):
        return False
    data = body.data_inputs(node)
    controls = [name for name in node.input if name.startswith("^")]
    reference, arguments = body.put(_base(body, node, [*data[:2], *controls])), data[2:]
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        value = Value(body, node, reference)
        taken, arguments = arguments[: _ARITY.get(step, 0)], arguments[_ARITY.get(step, 0) :]
        if step == "BiasAdd":
            reference = value.step("AddV2", reference, *taken, last=last)
        elif step == "Prelu":
            name = node.name if last else body.free_name(f"{node.name}/prelu")
            reference = body.add("Prelu", [reference, *taken], name=name)
        else:
            reference = FUSED[step](value)
    return True


def _has_kernel(body: Body, node: Any, steps: List[str]) -> bool:
    with_bias = steps[:1] == ["BiasAdd"]
    activation = steps[1:] if with_bias else steps
    if len(steps) > _MOST_STEPS or any(step.lower() not in kernels.activations() for step in activation):
        return False
    if not with_bias:  # only the converter's own fused op has a way to say "no bias, but an activation"
        return node.op == "FusedDepthwiseConv2dNative" or not activation
    return attribute(node, "data_format").s != b"NCHW" and _rank(body, body.data_inputs(node)[2]) == 1


def _rank(body: Body, reference: str) -> Optional[int]:
    """Return the rank of what a constant, perhaps passed into a loop, holds; None where it is not known."""
    node = body.made_by(reference)
    while node is not None and node.op in _PASSING_ON:
        node = body.made_by(node.input[0])
    if node is None or node.op != "Const":
        return None
    return len(node.attr["value"].tensor.tensor_shape.dim)


def _base(body: Body, node: Any, inputs: List[str]) -> Any:
    base = type(node).FromString(node.SerializeToString())
    base.op = _BASES[node.op]
    base.name = body.free_name(f"{node.name}/{base.op.lower()}")
    base.input[:] = inputs
    for name in _FUSION_ATTRIBUTES:
        if name in base.attr:
            del base.attr[name]
    return base
