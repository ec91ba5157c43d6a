"""Ops of converted graphs that TensorFlow has no kernel for, taken apart into ops that it has: one table.

The converter fuses convolutions with their bias and activation, some in ways of its own that only TensorFlow.js
knows. All fused ops are taken apart: TensorFlow's own accept fewer activations and bias shapes than the converter uses.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from .failure import NotRunnableError

_BASES = {"_FusedConv2D": "Conv2D", "_FusedMatMul": "MatMul", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
_FUSION_ATTRIBUTES = frozenset(
    [
        "fused_ops",
        "num_args",
        "num_host_args",
        "epsilon",
        "leakyrelu_alpha",
        "TArgs",
        "filter_format",
        "use_cudnn_on_gpu",
    ]
)
_ONLY_CONVERTER = frozenset(["FusedDepthwiseConv2dNative", "Prelu"])


def lower(graph: Any) -> Any:
    """Return a copy of the GraphDef without fused ops; raises ``NotRunnableError`` where there is no equivalent."""
    for function in graph.library.function:
        for node in function.node_def:
            if node.op in _ONLY_CONVERTER:
                raise NotRunnableError(f"the op {node.op} inside a function has no kernel in TensorFlow")
    lowered = type(graph)()
    lowered.versions.CopyFrom(graph.versions)
    lowered.library.CopyFrom(graph.library)
    builder = _Builder(lowered)
    for node in graph.node:
        _LOWERINGS.get(node.op, _Builder.copy)(builder, node)
    return lowered


class _Builder:
    """Adds nodes to a graph; the last one of a lowered op takes its name."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def copy(self, node: Any) -> Any:
        """Add the node as it is, without the private attributes that bind it to where it came from."""
        added = self._graph.node.add()
        added.CopyFrom(node)
        added.device = ""
        for name in [name for name in added.attr if name.startswith("_")]:
            del added.attr[name]
        return added

    def _add(self, op: str, name: str, inputs: List[str]) -> Any:
        """Add a float op that computes in one type ``T``."""
        added = self._graph.node.add(op=op, name=name, input=inputs)
        added.attr["T"].type = 1
        return added

    def fused(self, node: Any) -> None:
        """Take a fused convolution or product apart."""
        steps = [step.decode() for step in node.attr["fused_ops"].list.s]
        data = [name for name in node.input if not name.startswith("^")]
        base = self.copy(node)
        base.op = _BASES[node.op]
        for name in _FUSION_ATTRIBUTES:
            if name in base.attr:
                del base.attr[name]
        del base.input[:]
        base.input.extend(data[:2] + [name for name in node.input if name.startswith("^")])
        arguments, last = data[2:], base
        for number, step in enumerate(steps):
            last.name = f"{node.name}/lowered_{number}"
            last = self._step(step, node, [last.name, *arguments])
            if step in _TAKES_ARGUMENT:
                arguments = arguments[1:]
        last.name = node.name

    def _step(self, step: str, node: Any, inputs: List[str]) -> Any:
        if step == "BiasAdd":
            return self.bias(node, inputs)
        if step == "Prelu":
            return self.prelu(node, inputs)
        if step not in _ACTIVATIONS:
            raise NotRunnableError(f"{node.op} fused with {step} has no equivalent here")
        added = self._add(step, node.name, inputs[:1])
        if step == "LeakyRelu":
            added.attr["alpha"].f = node.attr["leakyrelu_alpha"].f if "leakyrelu_alpha" in node.attr else 0.2
        return added

    def bias(self, node: Any, inputs: List[str]) -> Any:
        """Add a bias of any rank, which BiasAdd would refuse."""
        if node.attr["data_format"].s == b"NCHW":
            added = self._add("BiasAdd", node.name, inputs[:2])
            added.attr["data_format"].s = b"NCHW"
        else:
            added = self._add("AddV2", node.name, inputs[:2])
        added.attr["T"].type = node.attr["T"].type or 1
        return added

    def prelu(self, node: Any, inputs: List[str]) -> Any:
        """Compute relu(x) + alpha * -relu(-x)."""
        data, alpha = inputs[:2]
        self._add("Relu", f"{node.name}/above", [data])
        self._add("Neg", f"{node.name}/turned", [data])
        self._add("Relu", f"{node.name}/turned_above", [f"{node.name}/turned"])
        self._add("Neg", f"{node.name}/below", [f"{node.name}/turned_above"])
        self._add("Mul", f"{node.name}/scaled", [alpha, f"{node.name}/below"])
        return self._add("AddV2", node.name, [f"{node.name}/above", f"{node.name}/scaled"])

    def lone_prelu(self, node: Any) -> None:
        """Take a Prelu op apart."""
        self.prelu(node, list(node.input))

    def lone_bias(self, node: Any) -> None:
        """Make a BiasAdd take a bias of any rank."""
        controls = [name for name in node.input if name.startswith("^")]
        self.bias(node, list(node.input)).input.extend(controls)


_ACTIVATIONS = frozenset(["Relu", "Relu6", "Elu", "LeakyRelu", "Sigmoid", "Tanh", "Softplus", "Selu"])
_TAKES_ARGUMENT = frozenset(["BiasAdd", "Prelu"])
_LOWERINGS: Dict[str, Callable[[_Builder, Any], Any]] = {
    "_FusedConv2D": _Builder.fused,
    "_FusedMatMul": _Builder.fused,
    "FusedDepthwiseConv2dNative": _Builder.fused,
    "Prelu": _Builder.lone_prelu,
    "BiasAdd": _Builder.lone_bias,
}
