"""Lookup tables: what they hold, as constants of a graph that fills them before the first prediction.

The contents are exported from the tables once TensorFlow has filled them: whether from constants, a file of words or
a checkpoint, TensorFlow.js gets the same constants, in the order of the keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Tuple

from .freezing import Initializer
from .signatures import Port, Signature

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
class Table:
    """A table's types and contents; ``number`` ties the two graphs together, or ``name`` where they share a node."""

    name: str
    op: str
    types: Tuple[int, int]
    contents: Tuple[Any, Any]
    number: int = 0


def exported(node: Any, handle: Any, *, number: int) -> Table:
    """Return the contents of an eager table."""
    import tensorflow as tf

    types = node.attr["key_dtype"].type, node.attr["value_dtype"].type
    keys, values = tf.raw_ops.LookupTableExportV2(table_handle=handle, Tkeys=types[0], Tvalues=types[1])
    return Table(f"table_{number}", OPS[node.op], types, in_order(keys.numpy(), values.numpy()), number)


def in_order(keys: Any, values: Any) -> Tuple[Any, Any]:
    """Return a table's contents sorted by the keys: it gives them out in an order that changes."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    return keys[order], values[order]


def initializer(found: List[Table]) -> Initializer:
    """Return the graph that makes and fills the tables, and gives out the handles of those that have a number."""
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = tf.version.GRAPH_DEF_VERSION
    for table in found:
        graph.node.extend(_nodes(table))
    numbered = [table for table in found if table.number]
    resource = tf.resource.as_datatype_enum
    ports = [Port(f"{table.name}:0", f"{table.name}:0", resource, (), resource=table.number) for table in numbered]
    return Initializer(graph, Signature((), tuple(ports)) if ports else None)


def _nodes(table: Table) -> List[Any]:
    import tensorflow as tf
    from tensorflow.core.framework import node_def_pb2

    makes = f"{table.name}/made" if table.number else table.name
    node = node_def_pb2.NodeDef(name=makes, op=table.op)
    node.attr["key_dtype"].type, node.attr["value_dtype"].type = table.types
    constants = []
    for name, values, dtype in zip(("keys", "values"), table.contents, table.types):
        constant = node_def_pb2.NodeDef(name=f"{table.name}/{name}", op="Const")
        constant.attr["dtype"].type = dtype
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, tf.as_dtype(dtype)))
        constants.append(constant)
    version = "V2" if table.op.endswith("V2") else ""
    inputs = [makes, *(constant.name for constant in constants)]
    fill = node_def_pb2.NodeDef(name=f"{table.name}/filled", op=f"LookupTableImport{version}", input=inputs)
    fill.attr["Tin"].type, fill.attr["Tout"].type = table.types
    nodes = [*constants, node, fill]
    if table.number:
        handle = node_def_pb2.NodeDef(name=table.name, op="Identity", input=[makes, f"^{fill.name}"])
        handle.attr["T"].type = tf.resource.as_datatype_enum
        nodes.append(handle)
    return nodes
