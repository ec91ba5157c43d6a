"""Layers that only need another word, or that do nothing when a model predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.conversion.native.keras.layers import REMOVED, Chain
from workflow.conversion.native.keras.lowering.activations import affine, applied
from workflow.models.keras.shapes import channels_last

if TYPE_CHECKING:
    from workflow.conversion.native.keras.layers import Layer


def as_it_is(layer: Layer) -> Chain:
    """Keep the layer; whether it may be kept is decided afterwards."""
    chain = Chain(layer)
    chain.core(layer.class_name, {}, parts=None)
    return chain


def nothing(layer: Layer) -> Chain:
    """Express a layer that passes its input on when a model predicts."""
    chain = Chain(layer)
    chain.plain("Activation", {"activation": "linear"})
    if layer.class_name != "Identity":
        chain.notes.append(f"{layer.name}: {layer.class_name} does nothing in prediction, and was left out")
    return chain


def relu(layer: Layer) -> Chain:
    """Express ReLU, whose slope and threshold TensorFlow.js ignores: the part above and the part below apart."""
    slope, threshold = (float(layer.config.get(key) or 0) for key in ("negative_slope", "threshold"))
    most = layer.config.get("max_value")
    if not slope and not threshold:
        return as_it_is(layer)
    chain = Chain(layer)
    chain.notes.append(f"{layer.name}: ReLU with a slope or a threshold is computed by layers of its own")
    if slope and not threshold and most is None:
        chain.plain("LeakyReLU", {"alpha": slope})
        return chain
    above = chain.helper("ThresholdedReLU", "above", config={"theta": threshold}) if threshold else -1
    if most is not None or not threshold:
        above = chain.helper("ReLU", "clip", config={} if most is None else {"max_value": most}, inputs=(above,))
    if slope:
        flipped = affine(chain, "flip", given=-1, scale=-1.0, offset=threshold)
        below = affine(chain, "below", given=applied(chain, "part", given=flipped, function="relu"), scale=-slope)
        chain.plain("Add", {}, inputs=(above, below))
    return chain


def elu(layer: Layer) -> Chain:
    """Express ELU with another alpha than 1 by the positive part and alpha times the negative one."""
    chain = Chain(layer)
    alpha = layer.config.get("alpha", 1.0)
    if alpha == 1:
        return as_it_is(layer)
    if type(alpha) not in (int, float):
        raise layer.refused(f"alpha={alpha}")
    above = applied(chain, "above", given=-1, function="relu")
    flipped = affine(chain, "flip", given=applied(chain, "unit", given=-1, function="elu"), scale=-1.0)
    below = affine(chain, "below", given=applied(chain, "part", given=flipped, function="relu"), scale=-float(alpha))
    chain.plain("Add", {}, inputs=(above, below))
    chain.notes.append(f"{layer.name}: ELU with alpha={alpha} is computed by layers of its own")
    return chain


def softmax(layer: Layer) -> Chain:
    """Express Softmax; over another axis than the last it is brought to the end and back."""
    axis = layer.config.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    if len(axes) != 1 or layer.shape is None:
        return as_it_is(layer)
    rank = layer.rank()
    if axes[0] in (-1, rank - 1):
        return as_it_is(layer)
    place = axes[0] % rank
    if not place:
        raise layer.refused("it adds up over the batch")
    order = [*(each for each in range(1, rank) if each != place), place]
    chain = Chain(layer)
    chain.helper("Permute", "last", config={"dims": order})
    chain.plain("Activation", {"activation": "softmax"})
    chain.helper("Permute", "back", config={"dims": [order.index(each) + 1 for each in range(1, rank)]})
    chain.notes.append(f"{layer.name}: axis {axis} is brought to the end and back")
    return chain


def merge(layer: Layer) -> Chain:
    """Express a layer that merges tensors; TensorFlow.js refuses to merge a single one, which stays what it is."""
    if len(layer.inputs) > 1:
        return as_it_is(layer)
    chain = Chain(layer)
    chain.plain("Activation", {"activation": "linear"})
    chain.notes.append(f"{layer.name}: {layer.class_name} of a single tensor was left out")
    return chain


def subtract(layer: Layer) -> Chain:
    """Express Subtract by adding the negative."""
    chain = Chain(layer)
    if len(layer.inputs) != 2:  # noqa: PLR2004
        raise layer.refused("it needs two inputs")
    negative = affine(chain, "minus", given=-2, scale=-1.0)
    chain.plain("Add", {}, inputs=(-1, negative))
    chain.notes.append(f"{layer.name}: Subtract is computed by Add")
    return chain


def concatenate(layer: Layer) -> Chain:
    """Express Concatenate; TensorFlow.js takes every negative axis for the last one."""
    if len(layer.inputs) == 1:
        return merge(layer)
    chain = Chain(layer)
    axis = layer.config.get("axis", -1)
    if type(axis) is int and axis < -1:
        chain.core(layer.class_name, {"axis": axis + layer.rank()}, parts=None)
        chain.notes.append(f"{layer.name}: axis {axis} is counted from the front")
        return chain
    return as_it_is(layer)


def dot(layer: Layer) -> Chain:
    """Express Dot of rank 2 and 3; TensorFlow.js cannot multiply more."""
    if any(shape is None or len(shape) not in (2, 3) for shape in layer.inputs):
        raise layer.refused("TensorFlow.js multiplies tensors of rank 2 and 3 alone")
    axes = layer.config.get("axes")
    pair = axes if isinstance(axes, list) else [axes, axes]
    if len(pair) != len(layer.inputs) or any(type(axis) is not int for axis in pair):
        raise layer.refused(f"axes={axes}")
    ranks = [len(shape or ()) for shape in layer.inputs]
    places = [axis % rank for axis, rank in zip(pair, ranks, strict=True)]
    if 0 in places:
        raise layer.refused("it multiplies over the batch")
    chain = Chain(layer)
    chain.core(layer.class_name, {"axes": places} if isinstance(axes, list) and axes != places else {}, parts=None)
    return chain


def flatten(layer: Layer) -> Chain:
    """Express Flatten; TensorFlow.js refuses to flatten what is flat already."""
    if layer.shape is None or len(layer.shape) > 2:  # noqa: PLR2004
        if layer.shape is not None and None in layer.shape[1:]:
            return _rows(layer)
        return as_it_is(layer)
    chain = Chain(layer)
    if len(layer.shape) == 1:
        chain.plain("Reshape", {"target_shape": [1]})
    else:
        chain.plain("Activation", {"activation": "linear"})
    chain.notes.append(f"{layer.name}: Flatten of what is flat already was left out")
    return chain


def _rows(layer: Layer) -> Chain:
    """Reshape to one axis, which TensorFlow.js does also where a size is open."""
    if not channels_last(layer.config):
        raise layer.refused("the channels come first, and a size of its input is not fixed")
    chain = Chain(layer)
    chain.plain("Reshape", {"target_shape": [-1]})
    chain.notes.append(f"{layer.name}: Flatten of an open size is computed by Reshape")
    return chain


def spatial_dropout(layer: Layer) -> Chain:
    """Express SpatialDropout1D, which TensorFlow.js has, without the noise shape that it must not have."""
    chain = Chain(layer)
    chain.core(layer.class_name, {"noise_shape": REMOVED} if layer.config.get("noise_shape") else {}, parts=None)
    return chain


def attention(layer: Layer) -> Chain:
    """Express Attention (query, value, key) by two Dots with a softmax between them."""
    if layer.config.get("score_mode", "dot") != "dot":
        raise layer.refused(f"score_mode={layer.config['score_mode']}")
    if len(layer.inputs) not in (2, 3) or any(shape is None or len(shape) != 3 for shape in layer.inputs):  # noqa: PLR2004
        raise layer.refused("it is not given a query, a value and a key of rank 3")
    chain = Chain(layer)
    key = -len(layer.inputs)
    scores = chain.helper("Dot", "scores", config={"axes": [2, 2], "normalize": False}, inputs=(-1, key))
    if layer.config.get("use_scale"):
        if len(layer.weights) != 1:
            raise layer.refused("it has no scale in the file")
        scores = affine(chain, "scaled", given=scores, scale=float(layer.weights[0].read()))
    weights = applied(chain, "weights", given=scores, function="softmax")
    chain.plain("Dot", {"axes": [2, 1], "normalize": False}, inputs=(weights, -2))
    chain.notes.append(f"{layer.name}: Attention is computed by Dot and softmax")
    return chain
