"""Repair: lookups in tables, whose answers TensorFlow.js gives as one flat list whatever the shape of the keys."""

from __future__ import annotations

from typing import Any, List, Optional

from .nodes import Body, attribute

_OPS = ("LookupTableFind", "LookupTableFindV2")


def repair(body: Body) -> List[Any]:
    """Give answers the shape of their keys, unless the keys are sure to be a flat list already."""
    return body.rewrite(dict.fromkeys(_OPS, _reshape))


def _reshape(body: Body, node: Any) -> bool:
    keys = node.input[1]
    if _rank(body.made_by(keys)) == 1:
        return False
    found = type(node).FromString(node.SerializeToString())
    found.name = body.free_name(f"{node.name}/flat")
    answers = body.put(found)
    types = node.attr["Tin"].type, node.attr["Tout"].type
    shape = body.add("Shape", [keys], name=body.free_name(f"{node.name}/shape"), T=types[0])
    body.add("Reshape", [answers, shape], name=node.name, T=types[1])
    return True


def _rank(node: Optional[Any]) -> Optional[int]:
    """Return the rank of a constant or a placeholder; None where it is not known."""
    if node is None or node.op not in ("Const", "Placeholder"):
        return None
    shape = attribute(node, "value").tensor.tensor_shape if node.op == "Const" else attribute(node, "shape").shape
    return None if shape.unknown_rank or (node.op == "Placeholder" and "shape" not in node.attr) else len(shape.dim)
