"""A graph model's model.json, read as TensorFlow.js reads it, and checked for having what it needs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List

from ..failure import JobError

Json = Dict[str, Any]
_MODEL = "model.json"
_NOT_METADATA = frozenset(["signature", "structuredOutputKeys"])


@dataclass(frozen=True)
class Artifact:
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


def read(path: str) -> Artifact:
    """Read the model.json at ``path``, or in that folder; raises ``JobError`` where it is no graph model."""
    file = os.path.join(path, _MODEL) if os.path.isdir(path) else path
    try:
        with open(file, encoding="utf-8") as text:
            model = json.load(text)
    except (OSError, ValueError) as problem:
        raise JobError("source", f"{file} is no model.json: {problem}") from problem
    topology = model.get("modelTopology") if isinstance(model, dict) else None
    if not isinstance(topology, dict) or not isinstance(topology.get("node"), list):
        raise JobError("source", f"{file} holds no graph: it may be a layers model, or weights alone")
    metadata = model.get("userDefinedMetadata") or {}
    return Artifact(
        folder=os.path.dirname(os.path.realpath(file)),
        topology=topology,
        manifest=_manifest(model, file),
        signature=metadata.get("signature") or model.get("signature") or {},  # TensorFlow.js takes them in this order
        output_names=list(metadata.get("structuredOutputKeys") or ()),
        initializer=model.get("modelInitializer") or {},
        filled=model.get("initializerSignature") or {},
        metadata={key: value for key, value in metadata.items() if key not in _NOT_METADATA},
    )


def _manifest(model: Json, file: str) -> List[Json]:
    manifest = model.get("weightsManifest") or []
    try:
        complete = all("name" in entry and "shape" in entry for group in manifest for entry in group["weights"])
        complete = complete and all(isinstance(name, str) for group in manifest for name in group["paths"])
    except (TypeError, KeyError):
        complete = False
    if not complete:
        raise JobError("source", f"the weightsManifest of {file} is not as TensorFlow.js writes it")
    return list(manifest)
