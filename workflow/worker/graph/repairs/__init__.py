"""What the reference leaves in graphs that TensorFlow.js cannot run or computes wrongly, put right: one table.

Each repair works on the nodes of the graph and of its functions, after the optimiser, and says what it changed.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from . import batch_normalization, channels_first, control_edges, elementwise, fusions, lookups
from .nodes import Body, bodies

REPAIRS: Dict[str, Callable[[Body], List[Any]]] = {
    "control_edges": control_edges.repair,
    "normalization": batch_normalization.repair,
    "channels_first": channels_first.repair,
    "fusions": fusions.repair,
    "elementwise": elementwise.repair,
    "lookups": lookups.repair,
}
_NAMED = 5


def repair(graph: Any) -> List[Dict[str, Any]]:
    """Repair the GraphDef in place, and return what was done: repair, number of nodes, ops, a few names."""
    done = []
    for name, function in REPAIRS.items():
        changed = [node for body in bodies(graph) for node in function(body)]
        if changed:
            done.append(
                {
                    "repair": name,
                    "nodes": len(changed),
                    "ops": sorted({_described(node) for node in changed}),
                    "at": [node.name for node in changed[:_NAMED]],
                }
            )
    return done


def _described(node: Any) -> str:
    return "+".join([node.op, *fusions.steps_of(node)]) if "fused_ops" in node.attr else str(node.op)
