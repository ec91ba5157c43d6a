"""Ops that only TensorFlow.js knows, or TensorFlow runs on some machines only, written out in plain ops: one table.

All fused ops are taken apart: TensorFlow's own accept fewer activations and bias shapes than graph models have. A bias
is added as anything else is: BiasAdd takes vectors alone, and where TensorFlow (2.13 to 2.21, with oneDNN) fuses it
with a convolution and the sum of padded data behind it, the process dies.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List

from ..failure import JobError
from ..graph.repairs import channels_first
from ..graph.repairs.activations import FUSED, Value
from ..graph.repairs.nodes import Body, Rule, attribute, bodies

_BASES = {"_FusedConv2D": "Conv2D", "_FusedMatMul": "MatMul", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
_BIAS, _PRELU, _NORMALIZATION = "BiasAdd", "Prelu", "FusedBatchNorm"
_ARGUMENTS = {_BIAS: 1, _PRELU: 1, _NORMALIZATION: 4}
_NOTHING = frozenset(["", "noop", "identity", "linear"])
_SPELLINGS = {name.lower(): name for name in [*FUSED, *_ARGUMENTS]}
"""TensorFlow.js compares the names of fused steps in lower case."""


def lower(graph: Any) -> Dict[str, int]:
    """Replace such ops of the GraphDef and its functions, in place; returns how many nodes of each op there were.

    Raises ``JobError`` for fusions that are not known.
    """
    rules: List[Any] = [channels_first.repair, lambda body: body.rewrite(_RULES)]
    replaced = [node for rule in rules for body in bodies(graph) for node in rule(body)]
    return dict(sorted(Counter(node.op for node in replaced).items()))


def _fused(body: Body, node: Any) -> bool:
    data = body.data_inputs(node)
    controls = [name for name in node.input if name.startswith("^")]
    steps = _steps(node)
    reference, arguments = _base(body, node, [*data[:2], *controls]), data[2:]
    for number, step in enumerate(steps):
        count = _ARGUMENTS.get(step, 0)
        taken, arguments = arguments[:count], arguments[count:]
        if len(taken) < count:
            raise JobError("source", f"the node {node.name} lacks the {step} that {node.op} says it is fused with")
        part = _part(node, f"{node.name}/lowered_{number}", last=number == len(steps) - 1)
        reference = _step(Value(body, part, reference), step, taken)
    return True


def _steps(node: Any) -> List[str]:
    """Return what a fused node does after its product or convolution, by TensorFlow's names."""
    spelled = [step.decode() for step in attribute(node, "fused_ops").list.s]
    wanted = [step for step in spelled if step.lower() not in _NOTHING]
    for step in wanted:
        if step.lower() not in _SPELLINGS:
            raise JobError("foreign_ops", f"{node.op} fused with {step} (at {node.name})")
    return [_SPELLINGS[step.lower()] for step in wanted]


def _base(body: Body, node: Any, inputs: List[str]) -> str:
    """Put the op that something is fused with, under the node's own name when nothing is; later clean() trims it."""
    copy = type(node).FromString(node.SerializeToString())
    copy.op = _BASES[node.op]
    copy.input[:] = inputs
    copy.attr["T"].type = attribute(node, "T").type or 1
    if _steps(node):
        copy.name = body.free_name(f"{node.name}/lowered")
    return body.put(copy)


def _part(node: Any, name: str, *, last: bool) -> Any:
    """Return the node under which a step writes its result: itself for the last, else a copy of another name."""
    if last:
        return node
    copy = type(node).FromString(node.SerializeToString())
    copy.name = name
    return copy


def _step(value: Value, step: str, arguments: List[str]) -> str:
    if step == _BIAS:
        return value.step("AddV2", value.reference, arguments[0], last=True)
    if step == _PRELU:
        return _prelu(value, arguments[0])
    if step == _NORMALIZATION:
        return _normalized(value, arguments)
    return FUSED[step](value)


def _prelu(value: Value, alpha: str) -> str:
    """Compute relu(x) + alpha * -relu(-x)."""
    above = value.step("Relu", value.reference)
    below = value.step("Neg", value.step("Relu", value.step("Neg", value.reference)))
    return value.step("AddV2", above, value.step("Mul", alpha, below), last=True)


def _normalized(value: Value, arguments: List[str]) -> str:
    epsilon = attribute(value.node, "epsilon").f
    settings = {"U": value.dtype, "epsilon": float(epsilon), "is_training": False}
    return value.step("FusedBatchNormV3", value.reference, *arguments, last=True, **settings)


def _lone_prelu(body: Body, node: Any) -> bool:
    data, alpha = body.data_inputs(node)
    _prelu(Value(body, node, data), alpha)
    return True


def _lone_bias(body: Body, node: Any) -> bool:
    copy = type(node).FromString(node.SerializeToString())
    copy.op = "AddV2"
    body.put(copy)
    return True


_RULES: Dict[str, Rule] = {**dict.fromkeys(_BASES, _fused), "Prelu": _lone_prelu, "BiasAdd": _lone_bias}
