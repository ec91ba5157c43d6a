"""What a result says of its layers against what its source says: options that decide what is computed stay the same.

Answers to a few inputs may not show an epsilon that is a tenth off; the two configurations do. Layers that a conversion
expresses by others have no namesake to compare, and are left to weights and answers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError, WorkflowError
from workflow.base.wording import shown
from workflow.verification.evidence import Finding
from workflow.verification.layer_pairs import paired
from workflow.verification.weights_by_layer import model_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.verification.requests import Subject
    from workflow.verification.weights_by_layer import WeightedLayer

_LAYERS = frozenset({"keras", "keras_keras", "tfjs_layers_model"})
_DECIDING = (
    *("epsilon", "alpha", "theta", "max_value", "mask_value", "merge_mode", "use_bias", "center", "units", "filters"),
    *("activation", "recurrent_activation", "go_backwards", "return_sequences", "return_state", "output_dim", "n"),
    *("mask_zero", "interpolation", "dims", "normalize"),
)
"""Options that mean the same in every Keras and in TensorFlow.js, and that no conversion has a reason to change."""

_SAME_NAMES = {"silu": "swish", "hard_silu": "hard_swish", None: "linear"}
_HELD = ("layer", "cell")
_LAST = "channels_last"
"""Where channels stand in a source that no conversion moves; those that stand first may come to stand last."""

_REMEDY = "make the result from its source again: this changes what the model computes"
_NEAR = 1e-6


def check(source: Subject, result: Subject) -> list[Finding]:
    """Return what the result says of a layer otherwise than its source; nothing where one of them cannot be read."""
    if {source.format, result.format} - _LAYERS:
        return []
    try:
        with model_weights(source) as theirs, model_weights(result) as ours:
            pairs = paired(theirs.layers, ours.layers)
    except (DeclinedError, WorkflowError):  # structure and weights speak of those
        return []
    return [
        finding
        for layer, others in pairs
        if len(others) == 1 and others[0].class_name == layer.class_name
        for finding in _differing(layer, others[0])
    ]


def _differing(source: WeightedLayer, result: WeightedLayer) -> Iterator[Finding]:
    name = source.path[-1]
    for option, theirs, ours in _options(source.config, result.config):
        if not _same(theirs, ours):
            text = f"the layer {name} has {option}={shown(str(ours))}, and {shown(str(theirs))} in the source"
            yield Finding(text, name, remedy=_REMEDY)


def _options(source: Any, result: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the options that decide and that both have, those of a layer inside too."""
    if not isinstance(source, dict) or not isinstance(result, dict):
        return
    for option in _DECIDING:
        if option in source and option in result:
            yield option, source[option], result[option]
    if source.get("data_format") == _LAST and result.get("data_format") not in (None, _LAST):
        yield "data_format", _LAST, result["data_format"]
    for key in _HELD:
        theirs, ours = source.get(key), result.get(key)
        if isinstance(theirs, dict) and isinstance(ours, dict) and theirs.get("class_name") == ours.get("class_name"):
            yield from _options(theirs.get("config"), ours.get("config"))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list) and {*map(type, one), *map(type, other)} == {int}:
        return one == other
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return True  # a function or a layer written in full: by its name elsewhere
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=_NEAR)
    return bool(_SAME_NAMES.get(one, one) == _SAME_NAMES.get(other, other))
