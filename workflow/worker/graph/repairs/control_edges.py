"""Repair: control edges to NoOp nodes.

TensorFlow.js never fires a NoOp inside a loop, and then waits for it for ever ("Cannot compute the outputs"). They
order nothing: what they waited for is read through data edges as well.
"""

from __future__ import annotations

from typing import Any, List

from .nodes import Body


def repair(body: Body) -> List[Any]:
    """Drop NoOp nodes and the control edges to them."""
    found = [node for node in body.nodes if node.op == "NoOp"]
    if found:
        edges = {f"^{node.name}" for node in found}
        for node in body.nodes:
            node.input[:] = [name for name in node.input if name not in edges]
        body.keep_only(lambda node: node.op != "NoOp")
    return found
