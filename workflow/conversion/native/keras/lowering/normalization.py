"""Normalization over axes and ranks that TensorFlow.js gets wrong, and normalization layers that it lacks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.conversion.native.keras.expressions import Expression, kept, made, of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.conversion.native.keras.expressions import LayerCall, LayerWeight
    from workflow.models.arrays import Array
    from workflow.models.keras.tree import Config

_HIGHEST_RANK = 4  # beyond it TensorFlow.js has no batch normalization
_MOST_CHANNELS = 1 << 24  # beyond them a weight for each is no weight of a sane model
_SMALLEST = 1e-7  # Keras's epsilon: what Normalization divides by at least
_AFFINE: Config = {"axis": -1, "momentum": 0.99, "epsilon": 0.0, "trainable": False}


def batch_normalization(layer: LayerCall) -> Expression:
    """Express BatchNormalization: over the last axis and at most rank 4 as it is, else between two layers."""
    expression = Expression(layer)
    axis = _single(layer)
    if axis == -1 and (layer.shape is None or layer.rank() <= _HIGHEST_RANK):
        expression.core(layer.class_name, {"axis": -1} if layer.config.get("axis") == [-1] else {}, weights=None)
        return expression
    rank = layer.rank()
    axis %= rank
    if not 0 < axis < rank:
        raise layer.refused(f"axis {axis} is that of the batch")
    changes: Config = {}
    back: list[tuple[str, Config]] = []
    shape = layer.shape or ()
    if axis != rank - 1:
        order = [*(place for place in range(1, rank) if place != axis), axis]
        expression.helper("Permute", "last", config={"dims": order})
        back.append(("Permute", {"dims": [order.index(place) + 1 for place in range(1, rank)]}))
        shape = (shape[0], *(shape[place] for place in order))
        changes["axis"] = -1
        expression.notes.append(
            f"{layer.name}: axis {axis}, which TensorFlow.js gets wrong, is brought to the end and back"
        )
    if rank > _HIGHEST_RANK:
        changes["axis"] = -1
        back.append(("Reshape", {"target_shape": flattened(expression, shape)}))
    expression.core(layer.class_name, changes, weights=None)
    for class_name, config in reversed(back):
        expression.helper(class_name, f"back_{class_name.lower()}", config=config)
    return expression


def layer_normalization(layer: LayerCall) -> Expression:
    """Express LayerNormalization: as it is up to rank 4, beyond it over the last axis alone."""
    expression = Expression(layer)
    axis = layer.config.get("axis", -1)
    if layer.shape is None or layer.rank() <= _HIGHEST_RANK:
        expression.core(layer.class_name, {}, weights=None)
        return expression
    if axis not in (-1, [-1], layer.rank() - 1, [layer.rank() - 1]):
        raise layer.refused(f"axis={axis} of rank {layer.rank()} is more than TensorFlow.js can normalize over")
    target = flattened(expression, layer.shape)
    expression.core(layer.class_name, {"axis": -1}, weights=None)
    expression.helper("Reshape", "back_reshape", config={"target_shape": target})
    return expression


def group_normalization(layer: LayerCall) -> Expression:
    """Express GroupNormalization: each group becomes a row that is normalized, then scale and offset follow."""
    expression = Expression(layer)
    *places, channels = layer.static()
    if _single(layer) not in (-1, layer.rank() - 1):
        raise layer.refused("it does not normalize the last axis")
    groups = layer.config.get("groups")
    groups = channels if groups == -1 else groups
    if type(groups) is not int or groups < 1 or channels % groups:
        raise layer.refused(f"groups={groups} do not divide {channels} channels")
    count, each = math.prod(places), channels // groups
    expression.helper("Reshape", "split", config={"target_shape": [count, groups, each]})
    expression.helper("Permute", "gather", config={"dims": [2, 1, 3]})
    expression.helper("Reshape", "rows", config={"target_shape": [groups, count * each]})
    epsilon = layer.config.get("epsilon", 1e-3)
    expression.helper(
        "LayerNormalization", "norm", config={"axis": -1, "epsilon": epsilon, "center": False, "scale": False}
    )
    expression.helper("Reshape", "unrow", config={"target_shape": [groups, count, each]})
    expression.helper("Permute", "scatter", config={"dims": [2, 1, 3]})
    expression.helper("Reshape", "join", config={"target_shape": [*places, channels]})
    _scale(expression, channels)
    expression.notes.append(f"{layer.name}: GroupNormalization is computed by LayerNormalization of each group")
    return expression


def normalization(layer: LayerCall) -> Expression:
    """Express the preprocessing layer Normalization by a BatchNormalization that holds its mean and variance."""
    expression = Expression(layer)
    if layer.config.get("invert"):
        raise layer.refused("invert=True")
    axis = layer.config.get("axis")
    axes = axis if isinstance(axis, list) else [] if axis is None else [axis]
    mean, variance = _statistics(layer)
    if not axes:
        return _with_scalar(expression, mean, variance)
    if len(axes) > 1 or (axes[0] != -1 and axes[0] != layer.rank() - 1):
        raise layer.refused(f"axis={axis} is not the last one")
    size = layer.channels()
    weights = [
        made("moving_mean", (size,), read=lambda: _array(mean, size)),
        made("moving_variance", (size,), read=lambda: _at_least(_array(variance, size))),
    ]
    _append_affine(expression, {"center": False, "scale": False}, weights)
    expression.notes.append(f"{layer.name}: Normalization is computed by BatchNormalization")
    return expression


def rescaling(layer: LayerCall) -> Expression:
    """Express Rescaling, whose scale and offset TensorFlow.js wants as single numbers."""
    expression = Expression(layer)
    scale, offset = (_numbers(layer.config.get(key, default)) for key, default in (("scale", 1.0), ("offset", 0.0)))
    if len(scale) == 1 and len(offset) == 1:
        alike = all(type(layer.config.get(key, 0)) in (int, float) for key in ("scale", "offset"))
        expression.core(layer.class_name, {} if alike else {"scale": scale[0], "offset": offset[0]}, weights=None)
        return expression
    size = layer.channels()
    weights = [
        made("gamma", (size,), read=lambda: _array(scale, size)),
        made("beta", (size,), read=lambda: _array(offset, size)),
        made("moving_mean", (size,), read=lambda: _array([0.0], size)),
        made("moving_variance", (size,), read=lambda: _array([1.0], size)),
    ]
    _append_affine(expression, {"center": True, "scale": True}, weights)
    expression.notes.append(f"{layer.name}: a Rescaling of each channel is computed by BatchNormalization")
    return expression


def flattened(expression: Expression, shape: Sequence[int | None]) -> list[int]:
    """Append a Reshape to rows of the last axis, and return the target shape of the way back."""
    inside = [-1 if size is None else size for size in shape[1:]]
    if inside.count(-1) > 1 or inside[-1] == -1:
        raise expression.layer.refused("more than one size of its input is not fixed")
    expression.helper("Reshape", "flat", config={"target_shape": [-1, inside[-1]]})
    return inside


def _single(layer: LayerCall) -> int:
    axis = layer.config.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    if len(axes) != 1 or type(axes[0]) is not int:
        raise layer.refused(f"axis={axis}")
    return -1 if layer.shape is not None and axes[0] == layer.rank() - 1 else int(axes[0])


def _scale(expression: Expression, size: int) -> None:
    """Append the scale and the offset of the layer, under its own name."""
    config = expression.layer.config
    wanted = [role for option, role in (("scale", "gamma"), ("center", "beta")) if config.get(option, True)]
    weights = [kept(role, array) for role, array in of(expression.layer, *wanted).items()]
    weights.append(made("moving_mean", (size,), read=lambda: _array([0.0], size)))
    weights.append(made("moving_variance", (size,), read=lambda: _array([1.0], size)))
    _append_affine(expression, {option: config.get(option, True) for option in ("center", "scale")}, weights)


def _append_affine(expression: Expression, options: Config, weights: Sequence[LayerWeight]) -> None:
    """Append a BatchNormalization, between Reshapes where the rank is too high for it."""
    if any(weight.shape[0] > _MOST_CHANNELS for weight in weights):
        raise expression.layer.refused(f"its input has {weights[0].shape[0]:,} channels")
    if expression.layer.shape is not None and expression.layer.rank() > _HIGHEST_RANK:
        target = flattened(expression, expression.layer.shape)
        _append_bare_affine(expression, options, weights)
        expression.helper("Reshape", "back_reshape", config={"target_shape": target})
    else:
        _append_bare_affine(expression, options, weights)


def _append_bare_affine(expression: Expression, options: Config, weights: Sequence[LayerWeight]) -> None:
    from workflow.conversion.native.keras.expressions import OutLayer  # noqa: PLC0415  kept beside its only use

    config = {"name": expression.layer.name, "dtype": "float32", **_AFFINE, **options}
    expression.append(OutLayer("BatchNormalization", config, expression.last, tuple(weights)))


def _statistics(layer: LayerCall) -> tuple[Array, Array]:
    """Return mean and variance: small arrays, so they are read at once."""
    import numpy as np  # noqa: PLC0415  only where there is such a layer

    given = layer.config.get("mean"), layer.config.get("variance")
    if given[0] is not None and given[1] is not None:
        mean, variance = (np.asarray(_numbers(value), np.float32) for value in given)
        return mean, variance
    arrays = {array.role: array for array in layer.weights}
    if not arrays.keys() >= {"mean", "variance"}:
        if len(layer.weights) < 2:  # noqa: PLR2004
            raise layer.refused("it was never adapted: the file has no mean and variance")
        arrays = {"mean": layer.weights[0], "variance": layer.weights[1]}
    mean, variance = (np.ravel(arrays[role].read()).astype(np.float32) for role in ("mean", "variance"))
    return mean, variance


def _with_scalar(expression: Expression, mean: Array, variance: Array) -> Expression:
    if mean.size != 1 or variance.size != 1:
        raise expression.layer.refused("it has no axis and more than one mean")
    scale = 1.0 / max(math.sqrt(float(variance[0])), _SMALLEST)
    expression.plain("Rescaling", {"scale": scale, "offset": -float(mean[0]) * scale})
    expression.notes.append(f"{expression.layer.name}: Normalization is computed by Rescaling")
    return expression


def _plain(value: Any) -> Any:
    held = value.get("config") if isinstance(value, dict) else None
    return held.get("value") if isinstance(held, dict) else value


def _numbers(value: Any) -> list[float]:
    """Return a number, a list of them, or an array of Keras 3 as a flat list; raises ``ValueError`` for others."""
    import numpy as np  # noqa: PLC0415  as above

    array = np.ravel(np.asarray(_plain(value), np.float64))
    if not (np.abs(array) <= np.finfo(np.float32).max).all():
        raise ValueError("a number is too large for float32")
    found: list[float] = array.tolist()
    return found


def _array(values: Sequence[float] | Array, size: int) -> Array:
    """Return values of which there is one for each channel, or one for all."""
    import numpy as np  # noqa: PLC0415  as above

    array: Array = np.broadcast_to(np.asarray(values, np.float32), (size,)).copy()
    return array


def _at_least(variance: Array) -> Array:
    import numpy as np  # noqa: PLC0415  as above

    smallest: Array = np.maximum(variance, np.float32(_SMALLEST**2))
    return smallest
