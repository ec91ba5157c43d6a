"""tfjs_graph_model: a frozen TensorFlow graph as JSON, with its weights beside it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.errors import ModelFileError
from workflow.formats.summary import ModelSummary, summarise
from workflow.formats.tfjs_model import origin_facts, read_tfjs
from workflow.formats.weights_manifest import manifest_facts
from workflow.formats.wording import kind_of

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "The graph is damaged: convert the model again."


def inspect(path: Path) -> ModelSummary:
    """Check a graph model, given as its model.json or the folder around it."""
    model = read_tfjs(path, "graph")
    details = {
        **origin_facts(model.document),
        **_graph_facts(model.topology, model.path),
        **_signature_facts(model.document.get("signature")),
        **manifest_facts(model.groups),
    }
    return summarise("tfjs_graph_model", model.files, details=details)


def _graph_facts(topology: dict[str, Any], path: Path) -> dict[str, object]:
    nodes = topology.get("node")
    if not isinstance(nodes, list) or not nodes:
        raise ModelFileError(f"{path}: the graph has no nodes (node is {kind_of(nodes)})", hint=_HINT)
    ops: Counter[str] = Counter()
    for number, node in enumerate(nodes, 1):
        if not (isinstance(node, dict) and isinstance(node.get("name"), str) and isinstance(node.get("op"), str)):
            raise ModelFileError(f"{path}: node {number:,} of the graph has no name or no op", hint=_HINT)
        ops[node["op"]] += 1
    return {"nodes": len(nodes), "ops": dict(sorted(ops.items()))}


def _signature_facts(signature: object) -> dict[str, object]:
    if not isinstance(signature, dict):
        return {}
    return {side: tuple(signature[side]) for side in ("inputs", "outputs") if isinstance(signature.get(side), dict)}
