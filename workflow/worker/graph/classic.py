"""Graphs of TensorFlow 1: SavedModels and hub modules restored in a session, and frozen there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, List, Tuple

import numpy as np

from ..failure import JobError
from . import freezing, reach, tables
from .freezing import Frozen
from .signatures import Port, Signature, natural

if TYPE_CHECKING:
    from .saved_models import Choice

VARIABLES = frozenset(["Variable", "VariableV2", "VarHandleOp"])
_READ = "/Read/ReadVariableOp"
_CALLS = frozenset(["PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf"])


def freeze(choice: "Choice", *, control_flow_v2: bool) -> Frozen:
    """Return the chosen signature with constants for its variables, and a graph that fills its lookup tables."""
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants
    from tensorflow.python.saved_model import loader

    signature = signature_of(choice.signature)
    _check_size(choice.graph.graph_def, signature)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        loader.load(session, list(choice.tags), choice.folder)
        _add_reads(graph)
        fetches = sorted({port.node for port in signature.outputs})
        definition = cut(graph.as_graph_def(), signature)
        called = inlined(definition, signature, control_flow_v2=control_flow_v2)
        frozen = convert_to_constants.convert_variables_to_constants_from_session_graph(session, called, fetches)
        found = [_exported(node, session) for node in frozen.node if node.op in tables.OPS]
    for node in frozen.node:
        node.op = tables.OPS.get(node.op, node.op)
    frozen, signature = with_nodes_of_their_own(frozen, signature)
    return Frozen(frozen, signature, tables.initializer(found) if found else None)


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


def _port(key: str, information: Any) -> Port:
    if information.WhichOneof("encoding") != "name":
        raise JobError("input_kind", f"{key} is a sparse or composite tensor, not a plain one")
    shape = information.tensor_shape
    sizes = None if shape.unknown_rank else tuple(None if dim.size < 0 else int(dim.size) for dim in shape.dim)
    return Port(key, information.name, information.dtype, sizes)


def inlined(graph: Any, signature: Signature, *, control_flow_v2: bool) -> Any:
    """Return the GraphDef with the functions that it calls written out, and loops lowered unless told not to."""
    if not any(node.op in _CALLS for node in graph.node):
        return graph
    return freezing.inline(graph, signature, control_flow_v2=control_flow_v2)


def with_nodes_of_their_own(graph: Any, signature: Signature) -> Tuple[Any, Signature]:
    """Give each output a node that is its alone.

    TensorFlow.js names outputs by nodes: of two outputs at one node, or of one that is not its first tensor, it loses
    the name.
    """
    import tensorflow as tf

    names = {node.name for node in graph.node}
    outputs: List[Port] = []
    for port in signature.outputs:
        tensor = port.tensor if ":" in port.tensor else f"{port.tensor}:0"
        taken = any(port.node == other.node for other in outputs)
        if tensor.endswith(":0") and not taken:
            outputs.append(port)
            continue
        name = f"{port.node}/output_{len(outputs)}"
        while name in names:
            name += "_"
        names.add(name)
        node = graph.node.add(name=name, op="Identity", input=[tensor])
        node.attr["T"].type = port.dtype or tf.float32.as_datatype_enum
        outputs.append(replace(port, tensor=f"{name}:0"))
    return graph, replace(signature, outputs=tuple(outputs))


def _add_reads(graph: Any) -> None:
    """Add to each resource variable the op that the freezing reads it by, where its graph lacks it."""
    import tensorflow as tf

    there = {operation.name for operation in graph.get_operations()}
    for operation in graph.get_operations():
        name = f"{operation.name}{_READ}"
        if operation.type == "VarHandleOp" and name not in there:
            tf.raw_ops.ReadVariableOp(resource=operation.outputs[0], dtype=operation.get_attr("dtype"), name=name)


def _exported(node: Any, session: Any) -> tables.Table:
    import tensorflow as tf

    handle = session.graph.get_tensor_by_name(f"{node.name}:0")
    types = node.attr["key_dtype"].type, node.attr["value_dtype"].type
    export = tf.raw_ops.LookupTableExportV2 if node.op.endswith("V2") else tf.raw_ops.LookupTableExport
    with session.graph.as_default():
        keys, values = session.run(export(table_handle=handle, Tkeys=types[0], Tvalues=types[1]))
    return tables.Table(node.name, tables.OPS[node.op], types, tables.in_order(keys, values))


def _check_size(graph: Any, signature: Signature) -> None:
    """Raise ``JobError`` where the variables that the outputs depend on fill a graph, before any of them is read."""
    import tensorflow as tf

    read = reach.names(graph, [port.node for port in signature.outputs])
    variables = [node for node in graph.node if node.name in read and node.op in VARIABLES]
    sizes = [[dim.size for dim in node.attr["shape"].shape.dim] for node in variables]
    types = [tf.as_dtype(node.attr["dtype"].type).size for node in variables]
    freezing.check_bytes(sum(int(np.prod(size, dtype=np.int64)) * int(one) for size, one in zip(sizes, types)))
