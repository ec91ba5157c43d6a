"""A graph model's model.json, read as TensorFlow.js reads it, and checked for having what it needs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List

from ..failure import JobError
from .fields import FieldPlace, require_manifest, require_nodes, require_ports

Json = Dict[str, Any]
_MODEL = "model.json"
_NOT_METADATA = frozenset(["signature", "structuredOutputKeys"])


@dataclass(frozen=True)
class GraphArtifact:
    """What a graph model says of itself. ``signature`` and ``filled`` (the initializer's) may be empty."""

    folder: str
    topology: Json
    manifest: List[Json]
    signature: Json = field(default_factory=dict)
    output_names: List[str] = field(default_factory=list)
    """The names of the outputs in the signature's order, where the model answers with a dictionary."""
    initializer: Json = field(default_factory=dict)
    filled: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)

    def entries(self) -> Dict[str, Json]:
        """Return the manifest's entries by name."""
        return {entry["name"]: entry for group in self.manifest for entry in group.get("weights") or ()}


def read(path: str) -> GraphArtifact:
    """Read the model.json at ``path``, or in that folder; raises ``JobError`` where it is no graph model."""
    file = os.path.join(path, _MODEL) if os.path.isdir(path) else path
    try:
        with open(file, encoding="utf-8") as text:
            model = json.load(text)
    except (OSError, ValueError) as problem:
        raise JobError("source", f"{file} is no model.json: {problem}") from problem
    except RecursionError as problem:
        raise JobError("source", f"{file} is nested too deeply for a model") from problem
    topology = model.get("modelTopology") if isinstance(model, dict) else None
    if not isinstance(topology, dict) or not isinstance(topology.get("node"), list):
        raise JobError("source", f"{file} holds no graph: it may be a layers model, or weights alone")
    return _artifact(model, FieldPlace(file, ""))


def _artifact(model: Json, place: FieldPlace) -> GraphArtifact:
    """Return what the parts of a model.json say; raises ``JobError`` for those of other types than they must have."""
    metadata = place.inside("userDefinedMetadata").an_object(model.get("userDefinedMetadata"))
    here = place.inside("signature")
    # TensorFlow.js takes them in this order
    signature = here.an_object(metadata.get("signature") or model.get("signature"))
    require_ports(signature, here)
    keys = place.inside("structuredOutputKeys").a_list(metadata.get("structuredOutputKeys"))
    initializer = place.inside("modelInitializer").an_object(model.get("modelInitializer"))
    filled = place.inside("initializerSignature").an_object(model.get("initializerSignature"))
    require_ports(filled, place.inside("initializerSignature"))
    for part, what in ((model["modelTopology"], "modelTopology"), (initializer, "modelInitializer")):
        require_nodes(part, place.inside(what))
    manifest = place.inside("weightsManifest").a_list(model.get("weightsManifest"))
    require_manifest(manifest, place.inside("weightsManifest"))
    return GraphArtifact(
        folder=os.path.dirname(os.path.realpath(place.file)),
        topology=model["modelTopology"],
        manifest=manifest,
        signature=signature,
        output_names=[place.inside("structuredOutputKeys").a_text(key) for key in keys],
        initializer=initializer,
        filled=filled,
        metadata={key: value for key, value in metadata.items() if key not in _NOT_METADATA},
    )
