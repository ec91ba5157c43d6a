"""Lookup tables: what they hold, as constants of a graph that fills them before the first prediction.

The contents are exported from the tables once TensorFlow has filled them: whether from constants, a file of words or
a checkpoint, TensorFlow.js gets the same constants, in the order of the keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Container, List, Optional, Tuple

from .explaining import nodes_of
from .freezing import Initializer
from .signatures import TensorPort, Signature

OPS = {
    "HashTable": "HashTable",
    "HashTableV2": "HashTableV2",
    "MutableHashTable": "HashTable",
    "MutableHashTableV2": "HashTableV2",
    "AnonymousHashTable": "HashTableV2",
    "AnonymousMutableHashTable": "HashTableV2",
}
"""Ops that make tables of single values, and the one that makes it in TensorFlow.js."""


@dataclass(frozen=True)
class Filled:
    """The nodes that make and fill a resource, of which the last fills it and the last but one makes it.

    ``number`` ties it to an input of the main graph; 0 where the two graphs share the node that makes it.
    """

    name: str
    nodes: Tuple[Any, ...]
    number: int = 0


def of_signature(node: Any, handle: Any, *, number: int) -> Filled:
    """Return how to fill an eager table like the one with this handle; ``node`` is the op that made it."""
    import tensorflow as tf

    keys, values = tf.raw_ops.LookupTableExportV2(table_handle=handle, Tkeys=_keys(node), Tvalues=_values(node))
    name = f"table_{number}"
    return Filled(name, _nodes(node, (keys.numpy(), values.numpy()), names=(name, f"{name}/made")), number)


def of_session(node: Any, session: Any) -> Filled:
    """Return how to fill a table of TensorFlow 1 like the one that the node made in the session."""
    import tensorflow as tf

    export = tf.raw_ops.LookupTableExportV2 if node.op.endswith("V2") else tf.raw_ops.LookupTableExport
    handle = session.graph.get_tensor_by_name(f"{node.name}:0")
    with session.graph.as_default():
        contents = session.run(export(table_handle=handle, Tkeys=_keys(node), Tvalues=_values(node)))
    return Filled(node.name, _nodes(node, tuple(contents), names=(node.name, node.name)))


def made_by(owner: Optional[Any]) -> Optional[Any]:
    """Return the node that makes the table which an object holds: it knows the types of keys and values."""
    return inside(owner, "_create_resource", ops=OPS)


def inside(owner: Optional[Any], method: str, *, ops: Container[str]) -> Optional[Any]:
    """Return the first node with one of these ops in a function that an object of a SavedModel has."""
    functions = getattr(getattr(owner, method, None), "concrete_functions", ())
    graphs = (function.graph.as_graph_def() for function in functions)
    return next((node for graph in graphs for node in nodes_of(graph) if node.op in ops), None)


def initializer(found: List[Filled]) -> Initializer:
    """Return the graph that makes and fills the resources, and gives out the handles of those that have a number."""
    import tensorflow as tf
    from tensorflow.core.framework import node_def_pb2

    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = tf.version.GRAPH_DEF_VERSION
    resource = tf.resource.as_datatype_enum
    ports = []
    for one in found:
        graph.node.extend(one.nodes)
        if one.number:
            made, fill = one.nodes[-2:]
            handle = node_def_pb2.NodeDef(name=one.name, op="Identity", input=[made.name, f"^{fill.name}"])
            handle.attr["T"].type = resource
            graph.node.append(handle)
            ports.append(TensorPort(f"{one.name}:0", f"{one.name}:0", resource, (), resource=one.number))
    return Initializer(graph, Signature((), tuple(ports)) if ports else None)


def _nodes(made: Any, contents: Tuple[Any, Any], *, names: Tuple[str, str]) -> Tuple[Any, ...]:
    """Return constants, the table's own node and the one that fills it; ``names``: of the table, of its node."""
    import numpy as np
    from tensorflow.core.framework import node_def_pb2

    order = np.argsort(contents[0], kind="stable")  # tables give their contents out in an order that changes
    name, op = names[0], OPS[made.op]
    keys = _constant(f"{name}/keys", contents[0][order], _keys(made))
    values = _constant(f"{name}/values", contents[1][order], _values(made))
    node = node_def_pb2.NodeDef(name=names[1], op=op)
    node.attr["key_dtype"].type, node.attr["value_dtype"].type = _keys(made), _values(made)
    version = "V2" if op.endswith("V2") else ""
    inputs = [node.name, keys.name, values.name]
    fill = node_def_pb2.NodeDef(name=f"{name}/filled", op=f"LookupTableImport{version}", input=inputs)
    fill.attr["Tin"].type, fill.attr["Tout"].type = _keys(made), _values(made)
    return keys, values, node, fill


def _constant(name: str, values: Any, dtype: int) -> Any:
    import tensorflow as tf
    from tensorflow.core.framework import node_def_pb2

    node = node_def_pb2.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = dtype
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, tf.as_dtype(dtype)))
    return node


def _keys(node: Any) -> int:
    return int(node.attr["key_dtype"].type)


def _values(node: Any) -> int:
    return int(node.attr["value_dtype"].type)
