"""tfjs_layers_model: Keras layers as JSON, with their weights beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.models.hazards import hazards_of
from workflow.models.summary import ModelSummary, summarise
from workflow.models.tfjs_model import origin_facts, read_tfjs
from workflow.models.topology import layer_facts, layers_of
from workflow.models.weights_manifest import manifest_facts

if TYPE_CHECKING:
    from pathlib import Path


def inspect(path: Path) -> ModelSummary:
    """Check a layers model, given as its model.json or the folder around it."""
    model = read_tfjs(path, "layers")
    layers = layers_of(model.topology, str(model.path))
    version = model.topology.get("keras_version")
    details = {
        **origin_facts(model.document),
        **({"keras_version": version} if isinstance(version, str) else {}),
        **layer_facts(layers),
        **manifest_facts(model.groups),
    }
    return summarise("tfjs_layers_model", model.files, details=details, warnings=hazards_of(layers))
