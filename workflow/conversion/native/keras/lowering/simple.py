"""Layers that only need another word, or that do nothing when a model predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.conversion.native.keras.expressions import REMOVED, Expression, affine, applied
from workflow.models.keras.shapes import channels_last

if TYPE_CHECKING:
    from workflow.conversion.native.keras.expressions import LayerCall


def as_it_is(layer: LayerCall) -> Expression:
    """Keep the layer; whether it may be kept is decided afterwards."""
    expression = Expression(layer)
    expression.core(layer.class_name, {}, weights=None)
    return expression


def nothing(layer: LayerCall) -> Expression:
    """Express a layer that passes its input on when a model predicts."""
    expression = Expression(layer)
    expression.plain("Activation", {"activation": "linear"})
    if layer.class_name != "Identity":
        expression.notes.append(f"{layer.name}: {layer.class_name} does nothing in prediction, and was left out")
    return expression


def relu(layer: LayerCall) -> Expression:
    """Express ReLU, whose slope and threshold TensorFlow.js ignores: the part above and the part below apart."""
    slope, threshold = (float(layer.config.get(key) or 0) for key in ("negative_slope", "threshold"))
    most = layer.config.get("max_value")
    if not slope and not threshold:
        return as_it_is(layer)
    expression = Expression(layer)
    expression.notes.append(f"{layer.name}: ReLU with a slope or a threshold is computed by layers of its own")
    if slope and not threshold and most is None:
        expression.plain("LeakyReLU", {"alpha": slope})
        return expression
    above = expression.helper("ThresholdedReLU", "above", config={"theta": threshold}) if threshold else -1
    if most is not None or not threshold:
        above = expression.helper("ReLU", "clip", config={} if most is None else {"max_value": most}, inputs=(above,))
    if slope:
        flipped = affine(expression, "flip", given=-1, scale=-1.0, offset=threshold)
        below = affine(
            expression, "below", given=applied(expression, "part", given=flipped, function="relu"), scale=-slope
        )
        expression.plain("Add", {}, inputs=(above, below))
    return expression


def elu(layer: LayerCall) -> Expression:
    """Express ELU with another alpha than 1 by the positive part and alpha times the negative one."""
    expression = Expression(layer)
    alpha = layer.config.get("alpha", 1.0)
    if alpha == 1:
        return as_it_is(layer)
    if type(alpha) not in (int, float):
        raise layer.refused(f"alpha={alpha}")
    above = applied(expression, "above", given=-1, function="relu")
    flipped = affine(expression, "flip", given=applied(expression, "unit", given=-1, function="elu"), scale=-1.0)
    below = affine(
        expression, "below", given=applied(expression, "part", given=flipped, function="relu"), scale=-float(alpha)
    )
    expression.plain("Add", {}, inputs=(above, below))
    expression.notes.append(f"{layer.name}: ELU with alpha={alpha} is computed by layers of its own")
    return expression


def softmax(layer: LayerCall) -> Expression:
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
    expression = Expression(layer)
    expression.helper("Permute", "last", config={"dims": order})
    expression.plain("Activation", {"activation": "softmax"})
    expression.helper("Permute", "back", config={"dims": [order.index(each) + 1 for each in range(1, rank)]})
    expression.notes.append(f"{layer.name}: axis {axis} is brought to the end and back")
    return expression


def merge(layer: LayerCall) -> Expression:
    """Express a layer that merges tensors; TensorFlow.js refuses to merge a single one, which stays what it is."""
    if len(layer.inputs) > 1:
        return as_it_is(layer)
    expression = Expression(layer)
    expression.plain("Activation", {"activation": "linear"})
    expression.notes.append(f"{layer.name}: {layer.class_name} of a single tensor was left out")
    return expression


def subtract(layer: LayerCall) -> Expression:
    """Express Subtract by adding the negative."""
    expression = Expression(layer)
    if len(layer.inputs) != 2:  # noqa: PLR2004
        raise layer.refused("it needs two inputs")
    negative = affine(expression, "minus", given=-2, scale=-1.0)
    expression.plain("Add", {}, inputs=(-1, negative))
    expression.notes.append(f"{layer.name}: Subtract is computed by Add")
    return expression


def concatenate(layer: LayerCall) -> Expression:
    """Express Concatenate; TensorFlow.js takes every negative axis for the last one."""
    if len(layer.inputs) == 1:
        return merge(layer)
    expression = Expression(layer)
    axis = layer.config.get("axis", -1)
    if type(axis) is int and axis < -1:
        expression.core(layer.class_name, {"axis": axis + layer.rank()}, weights=None)
        expression.notes.append(f"{layer.name}: axis {axis} is counted from the front")
        return expression
    return as_it_is(layer)


def dot(layer: LayerCall) -> Expression:
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
    expression = Expression(layer)
    expression.core(
        layer.class_name, {"axes": places} if isinstance(axes, list) and axes != places else {}, weights=None
    )
    return expression


def flatten(layer: LayerCall) -> Expression:
    """Express Flatten; TensorFlow.js refuses to flatten what is flat already."""
    if layer.shape is None or len(layer.shape) > 2:  # noqa: PLR2004
        if layer.shape is not None and None in layer.shape[1:]:
            return _rows(layer)
        return as_it_is(layer)
    expression = Expression(layer)
    if len(layer.shape) == 1:
        expression.plain("Reshape", {"target_shape": [1]})
    else:
        expression.plain("Activation", {"activation": "linear"})
    expression.notes.append(f"{layer.name}: Flatten of what is flat already was left out")
    return expression


def _rows(layer: LayerCall) -> Expression:
    """Reshape to one axis, which TensorFlow.js does also where a size is open."""
    if not channels_last(layer.config):
        raise layer.refused("the channels come first, and a size of its input is not fixed")
    expression = Expression(layer)
    expression.plain("Reshape", {"target_shape": [-1]})
    expression.notes.append(f"{layer.name}: Flatten of an open size is computed by Reshape")
    return expression


def spatial_dropout(layer: LayerCall) -> Expression:
    """Express SpatialDropout1D, which TensorFlow.js has, without the noise shape that it must not have."""
    expression = Expression(layer)
    expression.core(layer.class_name, {"noise_shape": REMOVED} if layer.config.get("noise_shape") else {}, weights=None)
    return expression


def attention(layer: LayerCall) -> Expression:
    """Express Attention (query, value, key) by two Dots with a softmax between them."""
    if layer.config.get("score_mode", "dot") != "dot":
        raise layer.refused(f"score_mode={layer.config['score_mode']}")
    if len(layer.inputs) not in (2, 3) or any(shape is None or len(shape) != 3 for shape in layer.inputs):  # noqa: PLR2004
        raise layer.refused("it is not given a query, a value and a key of rank 3")
    expression = Expression(layer)
    key = -len(layer.inputs)
    scores = expression.helper("Dot", "scores", config={"axes": [2, 2], "normalize": False}, inputs=(-1, key))
    if layer.config.get("use_scale"):
        if len(layer.weights) != 1:
            raise layer.refused("it has no scale in the file")
        scores = affine(expression, "scaled", given=scores, scale=float(layer.weights[0].read()))
    weights = applied(expression, "weights", given=scores, function="softmax")
    expression.plain("Dot", {"axes": [2, 1], "normalize": False}, inputs=(weights, -2))
    expression.notes.append(f"{layer.name}: Attention is computed by Dot and softmax")
    return expression
