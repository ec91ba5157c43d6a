"""Masks in models that TensorFlow.js made: layers that leave out other steps there than they would in Keras.

TensorFlow.js hands a layer the mask of its first input; where there is none, the layer gets the last mask that any
layer before it was given. Keras hands it that of its input or none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import DeclinedError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.conversion.native.keras import masks
from workflow.models.keras.layers import calls
from workflow.models.keras.tree import entries, is_container, layer_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.models.keras.tree import Config

_KERAS = "2.13"
_HEEDED_IN_KERAS_ALONE = frozenset({"GlobalAveragePooling1D", "Softmax"})


class _Seen(Record):
    """The masks of a tensor on both sides, and the last that a layer on the way to it was given in TensorFlow.js."""

    keras: str | None = None
    script: str | None = None
    left: str | None = None


def require_same_masks(container: Config, depth: int = 0) -> None:
    """Raise ``DeclinedError`` for a layer that would leave out other steps in Keras than it does in TensorFlow.js.

    Of masks that meet, or go into a model inside this one, nothing is said: verification sees what they do.
    """
    known: dict[str, _Seen] = {}
    before = _Seen()
    for entry in entries(container, depth):
        name = layer_name(entry)
        if is_container(entry):
            require_same_masks(entry, depth + 1)
            before = _Seen(masks.UNSURE, masks.UNSURE, masks.UNSURE)
        else:
            listed = [ref[0] for call in calls(entry)[:1] for ref in call.inputs] if "inbound_nodes" in entry else []
            given = [known.get(one, _Seen()) for one in listed] or [before]
            before = _passed(entry, given)
        known[name] = before


def _passed(entry: Config, given: Sequence[_Seen]) -> _Seen:
    """Return what is known behind a layer; raises as ``require_same_masks``."""
    class_name, config = entry["class_name"], entry["config"]
    first = given[0]
    left = first.script or next((one.left for one in given if one.left), None)
    if masks.is_source(class_name, config):
        own = layer_name(entry)
        return _Seen(own, own, left)
    if len(given) > 1:
        told = any(one != _Seen() for one in given)
        return _Seen(masks.UNSURE, masks.UNSURE, masks.UNSURE) if told else _Seen()
    if masks.UNSURE not in (first.keras, left):
        if class_name in _HEEDED_IN_KERAS_ALONE and first.keras:
            raise _declined(entry, "leaves out masked steps in Keras, and in TensorFlow.js it does not")
        if masks.heeds(class_name) and first.keras != left:
            raise _declined(entry, "leaves out other steps in TensorFlow.js than in Keras, where masks go other ways")
    script = masks.after(class_name, config, given=[masks.Masks(script=first.script)])
    return _Seen(_in_keras(class_name, config, first.keras), script, left)


def _in_keras(class_name: str, config: Config, given: str | None) -> str | None:
    if masks.heeds(class_name):
        return masks.after(class_name, config, given=[masks.Masks(script=given)])
    return given if class_name in masks.passing(_KERAS) else None


def _declined(entry: Config, why: str) -> DeclinedError:
    return DeclinedError(f"layer {shown(layer_name(entry))} ({entry['class_name']}): it {why}", route="none")
