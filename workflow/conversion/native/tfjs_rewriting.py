"""layers → layers and graph → graph: other shards, other numbers, other groups, metadata; all else as it was."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, DeclinedError
from workflow.catalogue.options import understood
from workflow.conversion.native.tfjs_writing import (
    chooses_numbers,
    facts_of,
    with_metadata,
    write_groups,
    write_model_json,
)
from workflow.models.tfjs_model import graph_of
from workflow.models.tfjs_weights import open_model
from workflow.models.topology import layers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.conversion.job import Job
    from workflow.conversion.native import Facts
    from workflow.conversion.native.quantization_plans import QuantizationPlan
    from workflow.models.tensors import Tensor
    from workflow.models.tfjs_model import Flavour
    from workflow.models.tfjs_weights import StoredModel, StoredWeight


def rewrite_layers_model(job: Job) -> Facts:
    """Write a layers model again as the job's options say; raises as ``EDGES`` says."""
    return _rewrite(job, "layers")


def rewrite_graph_model(job: Job) -> Facts:
    """Write a graph model again as the job's options say; raises as ``EDGES`` says."""
    if job.options.get("split_weights_by_layer"):
        raise ConversionError(
            "a graph model has no layers to split its weights by", hint="Leave split_weights_by_layer out."
        )
    return _rewrite(job, "graph")


def _rewrite(job: Job, flavour: Flavour) -> Facts:
    strange = sorted(job.options.keys() - understood((job.source_format, job.target_format)))
    if strange:
        raise DeclinedError(f"rewriting a model natively has no option {', '.join(strange)}")
    with open_model(job.source, flavour) as model:
        document = with_metadata(model.file.document, job.options.get("metadata"), flavour=flavour)
        plan, in_float = _numbers(model, flavour, job.options)
        groups = _outgoing(model, plan, job.options, in_float=in_float)
        written = write_groups(job, groups, plan=plan)
        document["weightsManifest"] = _with_extras(model, written, job.options)
        write_model_json(job.target / "model.json", document)
        return facts_of(groups, written, plan=plan)


def _numbers(
    model: StoredModel, flavour: Flavour, options: Mapping[str, Any]
) -> tuple[QuantizationPlan | None, dict[str, str]]:
    """Return what is quantized, and why each weight stays in float that a word keeps so."""
    if not chooses_numbers(options):
        return None, {}
    from workflow.conversion.native.quantization_choice import kept_in_float, plan_for  # noqa: PLC0415  copies need none

    words = partial(_words, model, flavour)
    plan = plan_for(partial(_readable, model), options, words=words, spared=_spared(model, flavour))
    return plan, kept_in_float(options, words)


def _outgoing(
    model: StoredModel, plan: QuantizationPlan | None, options: Mapping[str, Any], *, in_float: Mapping[str, str]
) -> list[list[Tensor]]:
    """Return the groups to write: each weight with its stored bytes, unless its numbers change."""
    dtypes = plan.dtypes if plan else {}
    everything = options.get("dequantize")

    def outgoing(weight: StoredWeight) -> Tensor:
        name, stored = weight.weight.name, weight.weight.quantization
        if name in dtypes:
            return weight.as_stored() if stored == dtypes[name] else weight.restored()
        return weight.restored() if stored and (everything or name in in_float) else weight.as_stored()

    return [[outgoing(weight) for weight in group] for group in _grouped(model, options)]


def _readable(model: StoredModel) -> list[Tensor]:
    return [weight.restored() if weight.is_restorable else weight.as_stored() for weight in model.weights]


def _grouped(model: StoredModel, options: Mapping[str, Any]) -> Sequence[Sequence[StoredWeight]]:
    """Return the weights in the groups that they have, by layer (True), or in one group (False)."""
    split = options.get("split_weights_by_layer")
    if split is None:
        return model.groups
    if split:
        return by_layer(model)
    return [model.weights] if model.groups else []


def _with_extras(model: StoredModel, written: list[dict[str, Any]], options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the manifest, with what its groups held besides paths and weights when they are the same groups."""
    former = model.file.document["weightsManifest"]
    if options.get("split_weights_by_layer") is not None:
        return written
    return [{**old, **new} for old, new in zip(former, written, strict=True)]


def _spared(model: StoredModel, flavour: Flavour) -> dict[str, str]:
    """Return the single numbers of a graph: epsilons, thresholds, limits such as -inf, not what it has learnt."""
    if flavour != "graph":
        return {}
    names = [w.weight.name for w in model.weights if math.prod(w.weight.shape) == 1]
    return dict.fromkeys(names, "is a single number, as operations have for a parameter")


def _words(model: StoredModel, flavour: Flavour) -> dict[str, str]:
    from workflow.conversion.native.quantization_choice import by_name, by_operation  # noqa: PLC0415  as above

    if flavour == "graph":
        return by_operation(graph_of(model.file))
    return by_name(weight.weight.name for weight in model.weights)


_OPTIMIZER = "\0optimizer"  # no layer is called so


def by_layer(model: StoredModel) -> list[list[StoredWeight]]:
    """Return the weights by layer, in the order in which layers and weights first appear; the optimizer's last."""
    names = frozenset(layer.name for layer in layers_of(model.file.topology, str(model.file.path)))
    groups: dict[str, list[StoredWeight]] = {}
    for weight in model.weights:
        key = _OPTIMIZER if weight.is_optimizer else _layer_of(weight.weight.name, names)
        groups.setdefault(key, []).append(weight)
    last = groups.pop(_OPTIMIZER, None)
    return [*groups.values(), *([last] if last else [])]


def _layer_of(weight: str, layers: frozenset[str]) -> str:
    """Return the longest part of a weight's name that is a layer's; without one, all but its last part."""
    parts = weight.split("/")
    candidates = ("/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((name for name in candidates if name in layers), weight.rpartition("/")[0])
