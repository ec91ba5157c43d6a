"""What a layers model holds for training, and a file for Python does not get: said, for whoever wants to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import WorkflowError
from workflow.base.wording import plural, shown
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.conversion.job import Job

_FOR_PYTHON = frozenset({"keras", "keras_keras", "keras_saved_model", "tf_saved_model"})


def left_behind(job: Job) -> str:
    """Return what of the input was there for training and is not in the result; empty where nothing was."""
    if job.source_format != "tfjs_layers_model" or job.target_format not in _FOR_PYTHON:
        return ""
    try:
        document = read_object(model_json(job.source), "the model.json of a layers model")
    except WorkflowError:
        return ""
    compiled = _training(document)
    state = sum(entry.get("group") == "optimizer" for entry in _entries(document))
    if not compiled and not state:
        return ""
    learnt = f" and its {plural(state, 'weight')}" if state else ""
    return f"the optimizer{_name(compiled)}{learnt} stayed behind: compile the model to train it on"


def _training(document: Any) -> Any:
    topology = document.get("modelTopology")
    inside = topology.get("training_config") if isinstance(topology, dict) else None
    return document.get("trainingConfig") or inside


def _entries(document: Any) -> Iterator[dict[str, Any]]:
    groups = document.get("weightsManifest")
    for group in groups if isinstance(groups, list) else []:
        weights = group.get("weights") if isinstance(group, dict) else None
        yield from (entry for entry in weights or [] if isinstance(entry, dict))


def _name(compiled: Any) -> str:
    optimizer = compiled.get("optimizer_config") if isinstance(compiled, dict) else None
    name = optimizer.get("class_name") if isinstance(optimizer, dict) else None
    return f" {shown(name.rpartition('>')[2])}" if isinstance(name, str) else ""  # Custom>Adam is Keras's, too
