"""The nodes of a graph, or of one of its functions, while they are being repaired."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

FLOAT, INT32 = 1, 3  # numbers of TensorFlow's DataType enumeration
_OUTPUTS = {
    **dict.fromkeys(["Add", "AddV2", "Sub", "Mul", "RealDiv"], "z"),
    **dict.fromkeys(["Abs", "Erf", "Neg", "Rsqrt", "Sigmoid", "Softplus", "Tanh", "Transpose", "Reciprocal"], "y"),
    "FusedBatchNormV3": "y",
    **dict.fromkeys(["Elu", "LeakyRelu", "Relu", "Relu6", "Selu"], "activations"),
    "MatMul": "product",
    **dict.fromkeys(["LookupTableFind", "LookupTableFindV2"], "values"),
}
"""What the first output of an op is called inside functions, where references spell it; ``output`` where not named."""
_DATA_TYPES = frozenset(["T", "Tidx", "Tshape", "Tperm", "U", "dtype"])

Rule = Callable[["Body", Any], bool]


class Body:
    """A list of nodes that is written anew: each node is kept, or replaced by others of which the last has its name."""

    def __init__(self, nodes: Any, *, function: Optional[Any] = None) -> None:
        self._target = nodes
        self._function = function
        self._source = [type(node).FromString(node.SerializeToString()) for node in nodes]
        self._written: List[Any] = []
        self._names: Set[str] = {node.name for node in self._source}
        self._constants: Dict[Tuple[Any, ...], str] = {}
        self.by_name = {node.name: node for node in self._source}

    @property
    def nodes(self) -> List[Any]:
        """The nodes as they were before."""
        return self._source

    def rewrite(self, rules: Dict[str, Rule]) -> List[Any]:
        """Let the rule for each node's op replace it, and return the nodes that were replaced.

        A rule adds nodes to the body and returns True, or adds nothing and returns False.
        """
        replaced = []
        for node in self._source:
            rule = rules.get(node.op)
            if rule is not None and rule(self, node):
                replaced.append(node)
            else:
                self._written.append(node)
        if replaced:
            self._write()
            self._rename_references({node.name for node in replaced})
        return replaced

    def keep_only(self, wanted: Callable[[Any], bool]) -> None:
        """Drop the nodes that are not wanted."""
        self._written = [node for node in self._source if wanted(node)]
        self._write()

    def add(self, op: str, inputs: Sequence[str], *, name: str, **attributes: Any) -> str:
        """Add a node and return the reference to its first output; type attributes are numbers of DataType."""
        from tensorflow.core.framework import node_def_pb2

        node = node_def_pb2.NodeDef(op=op, name=name, input=inputs)
        for key, value in attributes.items():
            _set(node.attr[key], key, value)
        return self.put(node)

    def put(self, node: Any) -> str:
        """Add a finished node and return the reference to its first output."""
        self._written.append(node)
        return self.reference(node)

    def reference(self, node: Any) -> str:
        """Return how other nodes refer to the first output of a node."""
        return node.name if self._function is None else f"{node.name}:{_OUTPUTS.get(node.op, 'output')}:0"

    def constant(self, value: Any, dtype: int = FLOAT) -> str:
        """Return the reference to a constant, which is made once."""
        key = (dtype, tuple(value) if isinstance(value, list) else value)
        if key not in self._constants:
            self._constants[key] = self.put(self._constant(value, dtype))
        return self._constants[key]

    def data_inputs(self, node: Any) -> List[str]:
        """Return the inputs that carry data."""
        return [name for name in node.input if not name.startswith("^")]

    def made_by(self, reference: str) -> Optional[Any]:
        """Return the node that a reference points to; None for an argument of a function."""
        return self.by_name.get(node_name(reference))

    def free_name(self, wish: str) -> str:
        """Return a name that no node has yet."""
        name, number = wish, 0
        while name in self._names:
            number += 1
            name = f"{wish}_{number}"
        self._names.add(name)
        return name

    def _constant(self, value: Any, dtype: int) -> Any:
        import tensorflow as tf
        from tensorflow.core.framework import node_def_pb2

        name = self.free_name(f"repaired/constant_{len(self._constants)}")
        node = node_def_pb2.NodeDef(op="Const", name=name)
        node.attr["dtype"].type = dtype
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, tf.as_dtype(dtype)))
        return node

    def _write(self) -> None:
        del self._target[:]
        self._target.extend(self._written)

    def _rename_references(self, names: Set[str]) -> None:
        """Follow the output's other name where a node of a function is now one of another op."""
        if self._function is None:
            return
        made = {node.name: self.reference(node) for node in self._target if node.name in names}
        for node in self._target:
            node.input[:] = [made.get(node_name(name), name) if ":" in name else name for name in node.input]
        for output, name in self._function.ret.items():
            self._function.ret[output] = made.get(node_name(name), name)


def bodies(graph: Any) -> List[Body]:
    """Return the graph's own nodes and those of its functions."""
    return [Body(graph.node), *(Body(function.node_def, function=function) for function in graph.library.function)]


def attribute(node: Any, name: str) -> Any:
    """Return an attribute, or an empty one: asking the node itself would add it."""
    if name in node.attr:
        return node.attr[name]
    from tensorflow.core.framework import attr_value_pb2

    return attr_value_pb2.AttrValue()


def node_name(reference: str) -> str:
    """Return the name of the node that a reference points to."""
    return reference.lstrip("^").split(":")[0]


def _set(attribute: Any, key: str, value: Any) -> None:
    if key in _DATA_TYPES:
        attribute.type = value
    elif isinstance(value, bool):
        attribute.b = value
    elif isinstance(value, int):
        attribute.i = value
    elif isinstance(value, float):
        attribute.f = value
    else:
        attribute.s = value
