"""Grouped convolutions, which TensorFlow.js does not have, as one convolution for each group.

Keras compiles them in a function of their own, which TensorFlow then refuses to inline: the graph holds a call.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .repairs.nodes import INT32, Body, attribute, node_name

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_CHANNELS = {b"NHWC": 3, b"NCHW": 1}


def ungroup(graph: Any) -> List[Any]:
    """Replace calls of compiled convolutions in the GraphDef by convolutions that TensorFlow.js has.

    Returns the calls that were replaced. The filters must be constants.
    """
    functions = {function.signature.name: function for function in graph.library.function}
    body = Body(graph.node)
    calls = {node.name: _convolution(node, functions) for node in body.nodes if node.op in _CALLS}
    if not any(calls.values()):
        return []
    shapes = _channels_by_node(graph)

    def replace(body: Body, node: Any) -> bool:
        inner = calls[node.name]
        return inner is not None and _split(body, node, _Grouped(inner, shapes.get(node_name(node.input[0]))))

    replaced = body.rewrite(dict.fromkeys(_CALLS, replace))
    _drop_uncalled(graph)
    return replaced


class _Grouped:
    """The convolution inside a call, and the shape of the data that it gets."""

    def __init__(self, convolution: Any, shape: Optional[List[Optional[int]]]) -> None:
        self.attributes = convolution.attr
        self.axis = _CHANNELS[attribute(convolution, "data_format").s or b"NHWC"]
        self.channels = shape[self.axis] if shape else None


def _convolution(call: Any, functions: Dict[str, Any]) -> Optional[Any]:
    """Return the only op of the function that a call calls, when it is a convolution."""
    function = functions.get(attribute(call, "f").func.name)
    inner = [node for node in function.node_def if node.op != "Identity"] if function is not None else []
    return inner[0] if len(inner) == 1 and inner[0].op == "Conv2D" else None


def _split(body: Body, call: Any, grouped: _Grouped) -> bool:
    import numpy as np
    from tensorflow.python.framework import tensor_util

    data, filters = call.input[:2]
    constant = body.made_by(filters)
    while constant is not None and constant.op == "Identity":
        constant = body.made_by(constant.input[0])
    if constant is None or constant.op != "Const" or grouped.channels is None:
        return False
    values = tensor_util.MakeNdarray(constant.attr["value"].tensor)
    count = grouped.channels // values.shape[2]
    dtype = constant.attr["dtype"].type
    if count == 1:
        return bool(_convolve(body, grouped, [data, filters], name=call.name))
    axis = body.constant(grouped.axis, INT32)
    parts = body.free_name(f"{call.name}/groups")
    body.add("Split", [axis, data], name=parts, T=dtype, num_split=count)
    results = []
    for number, piece in enumerate(np.split(values, count, axis=3)):
        weights = _constant(body, f"{call.name}/weights_{number}", piece)
        part = parts if number == 0 else f"{parts}:{number}"
        name = body.free_name(f"{call.name}/group_{number}")
        results.append(_convolve(body, grouped, [part, weights], name=name))
    body.add("ConcatV2", [*results, axis], name=call.name, T=dtype, N=count, Tidx=INT32)
    return True


def _constant(body: Body, wish: str, values: Any) -> str:
    from tensorflow.core.framework import node_def_pb2
    from tensorflow.python.framework import tensor_util

    node = node_def_pb2.NodeDef(op="Const", name=body.free_name(wish))
    node.attr["value"].tensor.CopyFrom(tensor_util.make_tensor_proto(values))
    node.attr["dtype"].type = node.attr["value"].tensor.dtype
    return body.put(node)


def _convolve(body: Body, grouped: _Grouped, inputs: List[str], *, name: str) -> str:
    from tensorflow.core.framework import node_def_pb2

    node = node_def_pb2.NodeDef(op="Conv2D", name=name, input=inputs)
    for key, value in grouped.attributes.items():
        node.attr[key].CopyFrom(value)
    return body.put(node)


def _channels_by_node(graph: Any) -> Dict[str, List[Optional[int]]]:
    """Return the shape of each node's first output, where TensorFlow knows it."""
    import tensorflow as tf

    with tf.Graph().as_default() as imported:
        tf.graph_util.import_graph_def(graph, name="")
    operations = [operation for operation in imported.get_operations() if operation.outputs]
    return {
        operation.name: operation.outputs[0].shape.as_list()
        for operation in operations
        if operation.outputs[0].shape.rank is not None
    }


def _drop_uncalled(graph: Any) -> None:
    text = b"".join(node.SerializeToString() for node in graph.node)
    text += b"".join(function.SerializeToString() for function in graph.library.function)
    kept = [
        function for function in graph.library.function if text.count(function.signature.name.encode()) > 1
    ]  # one place is its own definition
    copies = [type(function).FromString(function.SerializeToString()) for function in kept]
    del graph.library.function[:]
    graph.library.function.extend(copies)
