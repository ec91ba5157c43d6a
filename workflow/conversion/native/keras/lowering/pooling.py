"""Pooling that TensorFlow.js lacks or gets wrong: results that keep their rank, channels first in 1D, 3D at large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.conversion.native.keras.expressions import Expression
from workflow.models.keras.shapes import channels_last

if TYPE_CHECKING:
    from workflow.conversion.native.keras.expressions import LayerCall
    from workflow.models.keras.tree import Config


def pooling(layer: LayerCall) -> Expression:
    """Express pooling in one dimension: channels that come first are brought to the end and back."""
    expression = Expression(layer)
    if channels_last(layer.config):
        expression.core(layer.class_name, {}, weights=None)
        return expression
    expression.helper("Permute", "last", config={"dims": [2, 1]})
    expression.core(layer.class_name, {"data_format": "channels_last"}, weights=None)
    expression.helper("Permute", "first", config={"dims": [2, 1]})
    return expression


def global_pooling(layer: LayerCall) -> Expression:
    """Express pooling over everything: in 3D over one long axis, with the rank kept by a Reshape behind it."""
    expression = Expression(layer)
    rank = int(layer.class_name[-2])
    keeps = layer.config.get("keepdims") is True
    first = not channels_last(layer.config)
    class_name = layer.class_name
    changes: Config = {}
    if keeps:
        changes["keepdims"] = False
        expression.notes.append(f"{layer.name}: keepdims, which TensorFlow.js ignores, became a Reshape")
    if first and rank != 2:  # noqa: PLR2004  in 2D TensorFlow.js knows channels first
        expression.helper("Permute", "last", config={"dims": [*range(2, rank + 2), 1]})
        changes["data_format"] = "channels_last"
    if rank == 3:  # noqa: PLR2004
        class_name = class_name.replace("3D", "1D")
        expression.helper("Reshape", "flat", config={"target_shape": [-1, _channels(layer, first=first)]})
        expression.notes.append(f"{layer.name}: {layer.class_name} is computed by {class_name}")
    expression.core(class_name, changes, weights=None)
    if keeps:
        channels = _channels(layer, first=first)
        around = [1] * rank
        expression.helper(
            "Reshape", "kept", config={"target_shape": [channels, *around] if first else [*around, channels]}
        )
    return expression


def _channels(layer: LayerCall, *, first: bool) -> int:
    shape = layer.shape
    size = (shape[1] if first else shape[-1]) if shape is not None else None
    if size is None:
        raise layer.refused("the number of channels of its input is not known")
    return size
