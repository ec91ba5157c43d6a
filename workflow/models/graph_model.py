"""tfjs_graph_model: a frozen TensorFlow graph as JSON, with its weights beside it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workflow.models.summary import ModelSummary, summarise
from workflow.models.tfjs_model import graph_of, origin_facts, read_tfjs
from workflow.models.weights_manifest import manifest_facts

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.models.graph import Graph


def inspect(path: Path) -> ModelSummary:
    """Check a graph model, given as its model.json or the folder around it."""
    model = read_tfjs(path, "graph")
    details = {**origin_facts(model.document), **_graph_facts(graph_of(model)), **manifest_facts(model.groups)}
    return summarise("tfjs_graph_model", model.files, details=details)


def _graph_facts(graph: Graph) -> dict[str, object]:
    ops = Counter(node.op for node in graph.nodes)
    sides = {"inputs": graph.inputs, "outputs": graph.outputs}
    named = {side: tuple(port.name for port in ports) for side, ports in sides.items() if ports}
    return {"nodes": len(graph.nodes), "ops": dict(sorted(ops.items())), **named}
