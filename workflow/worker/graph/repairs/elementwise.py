"""Repair: ops that TensorFlow.js does not have, out of ops that it has."""

from __future__ import annotations

from typing import Any, List

from .activations import OPS, Value
from .nodes import Body


def repair(body: Body) -> List[Any]:
    """Take Erfc, Softsign and their like apart."""
    return body.rewrite(dict.fromkeys(OPS, _lower))


def _lower(body: Body, node: Any) -> bool:
    OPS[node.op](Value(body, node, body.data_inputs(node)[0]))
    return True
