"""Graph models as graphs that TensorFlow runs: the one way, whether they are then saved or run here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional

from ..containment import file_names, graphs, manifests
from ..failure import JobError
from ..graph.signatures import Signature
from . import artifacts, frames, lowering, signature_ports, table_filling, topologies
from .constants import Constants

_REASON = 800


@dataclass(frozen=True)
class Rebuilt:
    """A GraphDef with its constants, what it takes and gives, and the node that must run once before it (or None)."""

    graph: Any
    signature: Signature
    initializer: Optional[str]
    lowered: Dict[str, int]
    metadata: Dict[str, Any]


def rebuild(path: str, *, unsafe: bool = False) -> Rebuilt:
    """Rebuild the graph model at ``path``, a model.json or its folder, in plain ops that TensorFlow takes.

    Weights become constants with the values that TensorFlow.js computes; variables there are none. Raises ``JobError``
    (source, foreign_ops, outside_ops unless ``unsafe``, too_large).
    """
    artifact = artifacts.read(path)
    graph = topologies.parse(artifact.topology)
    initializer = topologies.parse(artifact.initializer) if artifact.initializer else None
    parts = [graph] if initializer is None else [graph, initializer]
    held = manifests.require_contained(path)
    for part in parts:
        graphs.require_moderate(part, held=held)
        file_names.require_own(part)
    constants = Constants(artifact, parts)
    lowered = lowering.lower(graph)
    for part in parts:
        topologies.clean(part)
        topologies.check_ops(part, unsafe=unsafe)
    constants.fill()
    for part in parts:
        topologies.spell_names(part)
    runs_first = table_filling.merge(graph, initializer, artifact=artifact) if initializer is not None else None
    signature = signature_ports.declared(graph, artifact)
    signature_ports.give_shapes(graph, signature)
    return Rebuilt(graph, _finished(graph, signature), runs_first, lowered, artifact.metadata)


def _finished(graph: Any, signature: Signature) -> Signature:
    """Return the signature with types and shapes, loops closed; raises ``JobError`` where TensorFlow declines."""
    import tensorflow as tf

    with tf.Graph().as_default() as imported:
        try:
            tf.graph_util.import_graph_def(graph, name="")
            frames.enter(
                graph, lambda name: imported.get_tensor_by_name(_tensor(name)).dtype.base_dtype.as_datatype_enum
            )
            return signature_ports.completed(signature, imported)
        except (ValueError, KeyError, tf.errors.OpError) as problem:
            raise JobError("source", f"TensorFlow does not take the graph: {str(problem)[:_REASON]}") from problem


def _tensor(reference: str) -> str:
    return reference if ":" in reference else f"{reference}:0"
