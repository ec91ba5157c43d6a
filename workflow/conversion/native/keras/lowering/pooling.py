"""Pooling that TensorFlow.js lacks or gets wrong: results that keep their rank, channels first in 1D, 3D at large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.conversion.native.keras.layers import Chain
from workflow.models.keras.shapes import channels_last

if TYPE_CHECKING:
    from workflow.conversion.native.keras.layers import Layer
    from workflow.models.keras.file import Config


def pooling(layer: Layer) -> Chain:
    """Express pooling in one dimension: channels that come first are brought to the end and back."""
    chain = Chain(layer)
    if channels_last(layer.config):
        chain.core(layer.class_name, {}, parts=None)
        return chain
    chain.helper("Permute", "last", config={"dims": [2, 1]})
    chain.core(layer.class_name, {"data_format": "channels_last"}, parts=None)
    chain.helper("Permute", "first", config={"dims": [2, 1]})
    return chain


def global_pooling(layer: Layer) -> Chain:
    """Express pooling over everything: in 3D over one long axis, with the rank kept by a Reshape behind it."""
    chain = Chain(layer)
    rank = int(layer.class_name[-2])
    keeps = layer.config.get("keepdims") is True
    first = not channels_last(layer.config)
    class_name = layer.class_name
    changes: Config = {}
    if keeps:
        changes["keepdims"] = False
        chain.notes.append(f"{layer.name}: keepdims, which TensorFlow.js ignores, became a Reshape")
    if first and rank != 2:  # noqa: PLR2004  in 2D TensorFlow.js knows channels first
        chain.helper("Permute", "last", config={"dims": [*range(2, rank + 2), 1]})
        changes["data_format"] = "channels_last"
    if rank == 3:  # noqa: PLR2004
        class_name = class_name.replace("3D", "1D")
        chain.helper("Reshape", "flat", config={"target_shape": [-1, _channels(layer, first=first)]})
        chain.notes.append(f"{layer.name}: {layer.class_name} is computed by {class_name}")
    chain.core(class_name, changes, parts=None)
    if keeps:
        channels = _channels(layer, first=first)
        around = [1] * rank
        chain.helper("Reshape", "kept", config={"target_shape": [channels, *around] if first else [*around, channels]})
    return chain


def _channels(layer: Layer, *, first: bool) -> int:
    shape = layer.shape
    size = (shape[1] if first else shape[-1]) if shape is not None else None
    if size is None:
        raise layer.refused("the number of channels of its input is not known")
    return size
