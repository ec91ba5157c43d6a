"""Activations written out in ops that TensorFlow.js has: one table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Dict

from .nodes import Body, attribute


@dataclass(frozen=True)
class Value:
    """A tensor in a body, and the node whose place what follows takes: its name is the last op's."""

    body: Body
    node: Any
    reference: str

    @property
    def dtype(self) -> int:
        """The type that the node computes in."""
        number: int = attribute(self.node, "T").type
        return number or 1

    def constant(self, value: float) -> str:
        """Return a constant of the same type."""
        return self.body.constant(value, self.dtype)

    def step(self, op: str, *inputs: str, last: bool = False, **attributes: Any) -> str:
        """Add an op; the last one gets the node's own name."""
        name = self.node.name if last else self.body.free_name(f"{self.node.name}/{op.lower()}")
        return self.body.add(op, inputs, name=name, T=self.dtype, **attributes)


def _plain(op: str) -> Callable[[Value], str]:
    return lambda value: value.step(op, value.reference, last=True)


def _gelu_exact(value: Value) -> str:
    scaled = value.step("Mul", value.reference, value.constant(math.sqrt(0.5)))
    raised = value.step("AddV2", value.step("Erf", scaled), value.constant(1.0))
    half = value.step("Mul", value.reference, value.constant(0.5))
    return value.step("Mul", half, raised, last=True)


def _gelu_approximate(value: Value) -> str:
    x = value.reference
    cube = value.step("Mul", value.step("Mul", x, x), x)
    bent = value.step("AddV2", x, value.step("Mul", cube, value.constant(0.044715)))
    turned = value.step("Tanh", value.step("Mul", bent, value.constant(math.sqrt(2 / math.pi))))
    raised = value.step("AddV2", turned, value.constant(1.0))
    return value.step("Mul", value.step("Mul", x, value.constant(0.5)), raised, last=True)


def _hard_swish(value: Value) -> str:
    gate = value.step("Relu6", value.step("AddV2", value.reference, value.constant(3.0)))
    return value.step("Mul", value.step("Mul", value.reference, value.constant(1 / 6)), gate, last=True)


def _leaky_relu(value: Value) -> str:
    attribute = value.node.attr
    alpha = attribute["leakyrelu_alpha"].f if "leakyrelu_alpha" in attribute else 0.2
    return value.step("LeakyRelu", value.reference, last=True, alpha=float(alpha))


def _erfc(value: Value) -> str:
    return value.step("Sub", value.constant(1.0), value.step("Erf", value.reference), last=True)


def _softsign(value: Value) -> str:
    size = value.step("AddV2", value.step("Abs", value.reference), value.constant(1.0))
    return value.step("RealDiv", value.reference, size, last=True)


FUSED: Dict[str, Callable[[Value], str]] = {
    **{op: _plain(op) for op in ("Elu", "Relu", "Relu6", "Selu", "Sigmoid", "Softplus", "Tanh")},
    "GeluApproximate": _gelu_approximate,
    "GeluExact": _gelu_exact,
    "LeakyRelu": _leaky_relu,
    "Softsign": _softsign,
    "_FusedHardSwish": _hard_swish,
}
"""Activations that TensorFlow fuses with a product or convolution."""

OPS: Dict[str, Callable[[Value], str]] = {
    "Erfc": _erfc,
    "Softsign": _softsign,
    "_FusedHardSwish": _hard_swish,
    "Inv": _plain("Reciprocal"),
    "BatchMatMulV3": lambda value: value.body.put(_renamed(value.node, "BatchMatMulV2")),
}
"""Ops of one result that TensorFlow.js does not have, and what they are made of."""


def _renamed(node: Any, op: str) -> Any:
    copy = type(node).FromString(node.SerializeToString())
    copy.op, dtype = op, node.attr["Ta"].type
    for name in ("Ta", "Tb", "Tout"):
        del copy.attr[name]
    copy.attr["T"].type = dtype
    return copy
