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
_UNSAID: dict[str, Any] = {"epsilon": 1e-3, "go_backwards": False, "return_sequences": False, "return_state": False}
_UNSAID |= {"mask_zero": False, "use_bias": True, "center": True, "merge_mode": "concat"}
"""What every layer does where an option is not said: a result that does not say it any more means that."""

_HELD = ("layer", "backward_layer", "cell")
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
    """Yield the options that decide and that both say, or the source alone, those of layers inside too."""
    if not isinstance(source, dict) or not isinstance(result, dict):
        return
    for option in _DECIDING:
        if option in source and (option in result or option in _UNSAID):
            yield option, source[option], result.get(option, _UNSAID.get(option))
    if source.get("data_format") == _LAST and result.get("data_format") not in (None, _LAST):
        yield "data_format", _LAST, result["data_format"]
    for theirs, ours in _inside(source, result):
        if isinstance(theirs, dict) and isinstance(ours, dict) and theirs.get("class_name") == ours.get("class_name"):
            yield from _options(theirs.get("config"), ours.get("config"))


def _inside(source: dict[str, Any], result: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield the layers and cells that both hold."""
    yield from ((source.get(key), result.get(key)) for key in _HELD)
    theirs, ours = source.get("cells"), result.get("cells")
    if isinstance(theirs, list) and isinstance(ours, list):
        yield from zip(theirs, ours, strict=False)


def _same(one: Any, other: Any) -> bool:
    one, other = _function(one), _function(other)
    if isinstance(one, list) and isinstance(other, list) and {*map(type, one), *map(type, other)} == {int}:
        return one == other
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return True  # a function or a layer written in full: by its name elsewhere
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or _near(one, other)
    return bool(_SAME_NAMES.get(one, one) == _SAME_NAMES.get(other, other))


def _near(one: float, other: float) -> bool:
    try:
        return math.isclose(one, other, rel_tol=_NEAR) or (math.isnan(one) and math.isnan(other))
    except OverflowError:  # a whole number that is beyond every float
        return False


def _function(value: Any) -> Any:
    """Return the name of a function that is written in full, anything else as it is."""
    if isinstance(value, dict) and value.get("class_name") == "function" and isinstance(value.get("config"), str):
        return value["config"]
    return value
