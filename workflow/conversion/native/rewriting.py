"""layers → layers and graph → graph: other shards, other numbers, other groups, metadata; all else as it was."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, DeclinedError
from workflow.base.storage import storing
from workflow.catalogue.options import understood
from workflow.conversion.native.grouping import by_layer
from workflow.conversion.native.keeping import by_name, by_operation
from workflow.conversion.native.metadata import with_metadata
from workflow.conversion.native.selection import kept_in_float, plan_for
from workflow.conversion.native.shards import DEFAULT_SHARD_BYTES, write_model_json, write_weights, written_bytes
from workflow.models.tfjs_model import graph_of
from workflow.models.tfjs_weights import open_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.conversion.native import Facts, NativeJob
    from workflow.conversion.native.plans import QuantizationPlan
    from workflow.models.tensors import Tensor
    from workflow.models.tfjs_model import Flavour
    from workflow.models.tfjs_weights import StoredModel, StoredWeight


def rewrite_layers_model(job: NativeJob) -> Facts:
    """Write a layers model again as the job's options say; raises as ``EDGES`` says."""
    return _rewrite(job, "layers")


def rewrite_graph_model(job: NativeJob) -> Facts:
    """Write a graph model again as the job's options say; raises as ``EDGES`` says."""
    if job.options.get("split_weights_by_layer"):
        raise ConversionError(
            "a graph model has no layers to split its weights by", hint="Leave split_weights_by_layer out."
        )
    return _rewrite(job, "graph")


def _rewrite(job: NativeJob, flavour: Flavour) -> Facts:
    strange = sorted(job.options.keys() - understood((job.source_format, job.target_format)))
    if strange:
        raise DeclinedError(f"rewriting a model natively has no option {', '.join(strange)}")
    with open_model(job.source, flavour) as model:
        document = with_metadata(model.file.document, job.options.get("metadata"), flavour=flavour)
        words = partial(_words, model, flavour)
        plan = plan_for(partial(_readable, model), job.options, words=words, spared=_spared(model, flavour))
        groups = _outgoing(model, plan, job.options, in_float=kept_in_float(job.options, words))
        with storing(job.target):
            job.target.mkdir()
        written = write_weights(
            groups,
            job.target,
            shard_size=_shard_size(job.options),
            quantization=plan,
            written=_progress(job, groups, plan),
        )
        document["weightsManifest"] = _with_extras(model, written, job.options)
        write_model_json(job.target / "model.json", document)
        return _facts(groups, written, plan)


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


def _shard_size(options: Mapping[str, Any]) -> int:
    size: int = options.get("weight_shard_size_bytes", DEFAULT_SHARD_BYTES)
    return size


def _progress(job: NativeJob, groups: list[list[Tensor]], plan: QuantizationPlan | None) -> Callable[[int], None]:
    total = sum(written_bytes(tensor, plan) for group in groups for tensor in group)
    done = 0

    def written(count: int) -> None:
        nonlocal done
        done += count
        job.listener.advance("weights", done, total)

    return written


def _facts(groups: list[list[Tensor]], written: list[dict[str, Any]], plan: QuantizationPlan | None) -> Facts:
    facts: Facts = {
        "weights": sum(len(group) for group in groups),
        "bytes": sum(written_bytes(tensor, plan) for group in groups for tensor in group),
        "groups": len(written),
        "shards": sum(len(group["paths"]) for group in written),
    }
    return {**facts, "quantization": plan.facts()} if plan else facts


def _spared(model: StoredModel, flavour: Flavour) -> dict[str, str]:
    """Return the single numbers of a graph: epsilons, thresholds, limits such as -inf, not what it has learnt."""
    if flavour != "graph":
        return {}
    names = [w.weight.name for w in model.weights if math.prod(w.weight.shape) == 1]
    return dict.fromkeys(names, "is a single number, as operations have for a parameter")


def _words(model: StoredModel, flavour: Flavour) -> dict[str, str]:
    if flavour == "graph":
        return by_operation(graph_of(model.file))
    return by_name(weight.weight.name for weight in model.weights)
