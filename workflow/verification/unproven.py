"""Outputs whose agreement proves nothing: they hardly change, and the weights behind them were not compared either."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.base.errors import WorkflowError
from workflow.models.graph import read_graph
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.models.graph import Graph, Node
    from workflow.verification.evidence import LevelReport
    from workflow.verification.requests import Subject

_LEAST = 4  # elements; smaller constants are shapes, axes and the like


def unproven(
    dead: Sequence[str], result: Subject, *, weights: LevelReport | None, names: Mapping[str, str]
) -> list[str]:
    """Return those of the ``dead`` outputs that weights decide which were not held against the source's.

    ``names`` are the result's for the source's outputs.
    """
    if not dead or (weights is not None and weights.status == "passed"):
        return []
    try:
        graph = _graph(result)
    except WorkflowError:
        return list(dead)
    if graph is None or graph.functions:
        return list(dead)
    others = weights.facts.get("others") if weights is not None else None
    unknown = set(others or (node.name for node in graph.nodes if _is_weight(node)))
    ports = {port.name.removesuffix(":0"): port.tensor.partition(":")[0] for port in graph.outputs}
    feeds = {node.name: node.feeds for node in graph.nodes}
    return [name for name in dead if _behind(ports.get(names.get(name, name), name), feeds) & unknown]


def _graph(result: Subject) -> Graph | None:
    if result.format != "tfjs_graph_model":
        return None
    path = model_json(result.path)
    return read_graph(read_object(path, "the model.json of a graph model"), path)


def _behind(start: str, feeds: Mapping[str, Sequence[str]]) -> set[str]:
    """Return every node that one is computed from, and itself."""
    seen, waiting = {start}, [start]
    while waiting:
        new = set(feeds.get(waiting.pop(), ())) - seen
        seen |= new
        waiting += new
    return seen


def _is_weight(node: Node) -> bool:
    size = math.prod(one or 0 for one in node.constant.shape or ()) if node.constant else 0
    return node.constant is not None and node.constant.dtype == "DT_FLOAT" and size >= _LEAST
