"""keras → layers and keras_keras → layers: the model in TensorFlow.js's layers, its weights read one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError
from workflow.catalogue.options import understood
from workflow.conversion.native.keras.building import assemble
from workflow.conversion.native.tfjs_writing import (
    chooses_numbers,
    facts_of,
    with_metadata,
    write_groups,
    write_model_json,
)
from workflow.models.keras.tree import entries, layer_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.conversion.job import Job
    from workflow.conversion.native import Facts
    from workflow.conversion.native.keras.building import AssembledModel
    from workflow.conversion.native.keras.out_layers import OutWeight
    from workflow.conversion.native.quantization_plans import QuantizationPlan
    from workflow.models.keras.tree import KerasFile
    from workflow.models.tensors import Tensor

CONVERTED_BY = "TensorFlow.js Converter v4.22.0"
"""What the reference writes there; readers of models tell by it which features to expect."""


def keras_to_layers(job: Job) -> Facts:
    """Write a layers model of a Keras HDF5 file; raises as ``EDGES`` says."""
    _require_understood(job)
    from workflow.models.keras.whole_file import open_whole_file  # noqa: PLC0415  one of two sources

    with open_whole_file(job.source) as file:
        return _written(job, file)


def archive_to_layers(job: Job) -> Facts:
    """Write a layers model of a .keras archive; raises as ``EDGES`` says."""
    _require_understood(job)
    from workflow.models.keras.archive import open_archive  # noqa: PLC0415  one of two sources

    with open_archive(job.source, scratch=job.target.parent) as file:
        return _written(job, file)


def _require_understood(job: Job) -> None:
    strange = sorted(job.options.keys() - understood((job.source_format, job.target_format)))
    if strange:
        raise DeclinedError(f"making a layers model natively has no option {', '.join(strange)}")


def _written(job: Job, file: KerasFile) -> Facts:
    model = assemble(file)
    for note in model.notes:
        job.listener.say(note)
    groups = _groups(file, model, split=bool(job.options.get("split_weights_by_layer")))
    plan = _plan(groups, job.options)
    document = with_metadata(_document(file, model), job.options.get("metadata"), flavour="layers")
    manifest = write_groups(job, groups, plan=plan)
    write_model_json(job.target / "model.json", {**document, "weightsManifest": manifest})
    facts = facts_of(groups, manifest, plan=plan)
    told = {"quantization": facts.pop("quantization")} if plan else {}
    return {**facts, "changes": list(model.notes), **told}


def _document(file: KerasFile, model: AssembledModel) -> dict[str, Any]:
    """Return model.json but for its weights, its keys in the reference's order."""
    topology: dict[str, Any] = {"keras_version": file.version}
    if file.backend is not None:
        topology["backend"] = file.backend
    topology["model_config"] = model.config
    if file.training is not None:
        topology["training_config"] = file.training
    return {
        "format": "layers-model",
        "generatedBy": f"keras v{file.version}",
        "convertedBy": CONVERTED_BY,
        "modelTopology": topology,
    }


def _groups(file: KerasFile, model: AssembledModel, *, split: bool) -> list[list[Tensor]]:
    """Return the weights in the order of the source file: layer by layer, one group for each or one for all."""
    places = {id(array): place for place, array in enumerate(file.listed)}
    by_layer = [[one.tensor for one in _ordered(found, places)] for found in _layers(file, model) if found]
    if split:
        return by_layer
    return [[tensor for group in by_layer for tensor in group]]


def _layers(file: KerasFile, model: AssembledModel) -> list[list[OutWeight]]:
    if not file.order:
        return [model.weights.get(layer_name(entry), []) for entry in entries(file.config)]
    return [model.weights.get(name, []) for name in file.order]


def _ordered(found: list[OutWeight], places: Mapping[int, int]) -> list[OutWeight]:
    """Return the weights of one layer of the top level as the file lists them, new ones behind what they are near.

    ``places`` are the numbers of the file's arrays, by their identities.
    """
    ranked: list[tuple[int, OutWeight]] = []
    place = -1
    for one in found:
        place = places.get(id(one.source), place)
        ranked.append((place, one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _plan(groups: list[list[Tensor]], options: Mapping[str, Any]) -> QuantizationPlan | None:
    if not chooses_numbers(options):
        return None
    from workflow.conversion.native.quantization_choice import by_name, plan_for  # noqa: PLC0415  most files need none

    tensors = [tensor for group in groups for tensor in group]
    return plan_for(lambda: tensors, options, words=lambda: by_name(tensor.name for tensor in tensors))
