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


_UNSURE = _Seen(masks.UNSURE, masks.UNSURE, masks.UNSURE)


def require_same_masks(container: Config, depth: int = 0) -> None:
    """Raise ``DeclinedError`` for a layer that would leave out other steps in Keras than it does in TensorFlow.js.

    Of masks that meet, or go into a model inside this one, nothing is said: verification sees what they do.
    """
    listed = entries(container, depth)
    for entry in listed:
        if is_container(entry):
            require_same_masks(entry, depth + 1)
    if any("inbound_nodes" in entry for entry in listed):
        _through_calls(listed)
        return
    before = _Seen()
    for entry in listed:
        before = _behind(entry, [before])


def _through_calls(listed: list[Config]) -> None:
    """Look at every call of every layer, once the masks of what it is given are known; raises as above."""
    known = {(layer_name(entry), 0): _Seen() for entry in listed if not calls(entry)}
    waiting = [
        (entry, number, [ref[:2] for ref in call.inputs])
        for entry in listed
        for number, call in enumerate(calls(entry))
    ]
    while waiting:
        later = []
        for entry, number, given in waiting:
            if all(one in known for one in given):
                seen = _behind(entry, [known[one] for one in given] or [_Seen()])
                known[layer_name(entry), number + is_container(entry)] = seen  # those of models are counted from 1
            else:
                later.append((entry, number, given))
        if len(later) == len(waiting):
            return  # of calls that wait for each other, or for what is not there, nothing can be said
        waiting = later


def _behind(entry: Config, given: Sequence[_Seen]) -> _Seen:
    return _UNSURE if is_container(entry) else _passed(entry, given)


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
        return _UNSURE if told else _Seen()
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
