"""Decision forests (TensorFlow Decision Forests): their ops, and the resource that @tensorflow/tfjs-tfdf fills.

The forest itself goes into assets.zip beside model.json; the path that TensorFlow would read it from is not used there.
"""

from __future__ import annotations

import os
from typing import Any, Optional

from .. import stubs
from ..failure import JobError
from . import lookup_tables
from .explaining import nodes_of
from .lookup_tables import Filled

_PACKAGE = "tensorflow_decision_forests"
_MARK = "SimpleML"
_MAKES, _FILLS = "SimpleMLCreateModelResource", "SimpleMLLoadModelFromPathWithHandle"
_ASSETS = "assets"


def uses(graph: Any) -> bool:
    """Say whether the GraphDef has ops of decision forests."""
    return any(node.op.startswith(_MARK) for node in nodes_of(graph))


def load_ops(folder: str) -> None:
    """Make TensorFlow know the ops; raises ``JobError`` where the environment does not hold the package."""
    try:
        if _PACKAGE in stubs.installed():
            stubs.load_real(_PACKAGE)
    except ImportError as problem:
        raise JobError("decision_forests", f"{folder} uses TensorFlow Decision Forests") from problem


def assets(folder: str) -> Optional[str]:
    """Return the folder of a SavedModel's assets."""
    place = os.path.join(folder, _ASSETS)
    return place if os.path.isdir(place) else None


def filled(owner: Any, *, number: int) -> Optional[Filled]:
    """Return the nodes that make and fill the forest that the owner of a resource holds; None if it holds none."""
    from tensorflow.core.framework import node_def_pb2
    from tensorflow.python.framework import tensor_util

    made = lookup_tables.inside(owner, "_create_resource", ops=[_MAKES])
    fill = lookup_tables.inside(owner, "_initialize", ops=[_FILLS])
    if made is None or fill is None:
        return None
    name = f"forest_{number}"
    path = node_def_pb2.NodeDef(name=f"{name}/path", op="Const")
    path.attr["value"].tensor.CopyFrom(tensor_util.make_tensor_proto(_ASSETS))
    path.attr["dtype"].type = path.attr["value"].tensor.dtype
    made.name, fill.name = f"{name}/made", f"{name}/filled"
    made.input[:], fill.input[:] = [], [made.name, path.name]
    return Filled(name, (path, made, fill), number)
