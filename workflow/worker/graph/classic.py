"""Graphs of TensorFlow 1: SavedModels and hub modules restored in a session, and frozen there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..containment import answers
from ..failure import JobError
from . import explaining, freezing, kept_outputs, lookup_tables, reach
from .freezing import Frozen
from .signatures import Signature, SignedGraph, TensorPort, natural

VARIABLES = frozenset(["Variable", "VariableV2", "VarHandleOp"])
_READ = "/Read/ReadVariableOp"
_CALLS = frozenset(["PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf"])


def freeze(choice: SignedGraph, *, control_flow_v2: bool) -> Frozen:
    """Return the chosen signature with constants for its variables, and a graph that fills its lookup tables."""
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants
    from tensorflow.python.saved_model import loader

    signature = signature_of(choice.signature)
    _check_size(choice.graph.graph_def, signature)
    anywhere = tf.compat.v1.ConfigProto(allow_soft_placement=True)  # ops that are bound to a GPU run here, too
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph, config=anywhere) as session:
        with explaining.reading(choice.folder, choice.graph.graph_def):
            loader.load(session, list(choice.tags), choice.folder)
        answers.require_moderate_graph(graph, answers.CONVERSION)
        _add_reads(graph)
        fetches = sorted({port.node for port in signature.outputs})
        definition = cut(graph.as_graph_def(), signature)
        called = inlined(definition, signature, control_flow_v2=control_flow_v2)
        with explaining.freezing(choice.folder):
            frozen = convert_to_constants.convert_variables_to_constants_from_session_graph(session, called, fetches)
        found = [lookup_tables.of_session(node, session) for node in frozen.node if node.op in lookup_tables.OPS]
    _keep_inputs(frozen, called, signature)
    for node in frozen.node:
        node.op = lookup_tables.OPS.get(node.op, node.op)
    frozen, signature = kept_outputs.apart(frozen, signature)
    return Frozen(frozen, signature, lookup_tables.initializer(found) if found else None)


def _keep_inputs(frozen: Any, graph: Any, signature: Signature) -> None:
    """Add the inputs that no output needs: freezing cuts them off, and whoever runs the model feeds them."""
    there = {node.name for node in frozen.node}
    wanted = {port.node for port in signature.inputs} - there
    frozen.node.extend(node for node in graph.node if node.name in wanted)


def cut(graph: Any, signature: Signature) -> Any:
    """Return the GraphDef with placeholders for the inputs that are something else: examples parsed out of records."""
    nodes = {node.name: node for node in graph.node}
    for port in signature.inputs:
        node = nodes.get(port.node)
        if node is None or node.op.startswith("Placeholder"):
            continue
        if not port.tensor.endswith(":0"):
            raise JobError("input_kind", f"{port.key} is the tensor {port.tensor}, one of several that {node.op} makes")
        node.Clear()
        node.name, node.op = port.node, "Placeholder"
        node.attr["dtype"].type = port.dtype
        node.attr["shape"].shape.CopyFrom(port.information().tensor_shape)
    return graph


def signature_of(message: Any) -> Signature:
    """Return a SignatureDef's ports in natural order; raises ``JobError`` for those that are not plain tensors."""
    inputs, outputs = (
        tuple(_port(key, side[key]) for key in sorted(side, key=natural)) for side in (message.inputs, message.outputs)
    )
    return Signature(inputs, outputs)


def _port(key: str, information: Any) -> TensorPort:
    if information.WhichOneof("encoding") != "name":
        raise JobError("input_kind", f"{key} is a sparse or composite tensor, not a plain one")
    shape = information.tensor_shape
    sizes = None if shape.unknown_rank else tuple(None if dim.size < 0 else int(dim.size) for dim in shape.dim)
    return TensorPort(key, information.name, information.dtype, sizes)


def inlined(graph: Any, signature: Signature, *, control_flow_v2: bool) -> Any:
    """Return the GraphDef with the functions that it calls written out, and loops lowered unless told not to."""
    if not any(node.op in _CALLS for node in graph.node):
        return graph
    return freezing.inline(graph, signature, control_flow_v2=control_flow_v2)


def _add_reads(graph: Any) -> None:
    """Add to each resource variable the op that the freezing reads it by, where its graph lacks it."""
    import tensorflow as tf

    there = {operation.name for operation in graph.get_operations()}
    for operation in graph.get_operations():
        name = f"{operation.name}{_READ}"
        if operation.type == "VarHandleOp" and name not in there:
            tf.raw_ops.ReadVariableOp(resource=operation.outputs[0], dtype=operation.get_attr("dtype"), name=name)


def _check_size(graph: Any, signature: Signature) -> None:
    """Raise ``JobError`` where the variables that the outputs depend on fill a graph, before any of them is read."""
    import tensorflow as tf

    read = reach.names(graph, [port.node for port in signature.outputs])
    variables = [node for node in graph.node if node.name in read and node.op in VARIABLES]
    sizes = [[dim.size for dim in node.attr["shape"].shape.dim] for node in variables]
    types = [tf.as_dtype(node.attr["dtype"].type).size for node in variables]
    freezing.check_bytes(sum(int(np.prod(size, dtype=np.int64)) * int(one) for size, one in zip(sizes, types)))
