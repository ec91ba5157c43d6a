"""Convolutions that TensorFlow.js lacks or gets wrong: groups, dilation of depthwise ones, causal and 1D ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.conversion.native.keras.expressions import REMOVED, Expression, kept, made, of, reshaped
from workflow.models.keras.shapes import channels_last, spatial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.conversion.native.keras.expressions import LayerCall, LayerWeight
    from workflow.models.arrays import Array
    from workflow.models.keras.tree import Config, Stored

_LARGEST_KERNEL = 1 << 28  # numbers: 1 GiB
_LARGEST_WINDOW = 1 << 16
_KERNEL_OPTIONS = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")


def convolution(layer: LayerCall) -> Expression:
    """Express Conv1D, Conv2D and Conv3D: groups as a kernel full of zeros, causal padding as a layer before."""
    expression = Expression(layer)
    changes: Config = {}
    weights: list[LayerWeight] | None = None
    groups = layer.config.get("groups") or 1
    if type(groups) is int and groups > 1:
        weights = _ungrouped(layer, groups)
        changes["groups"] = 1
        expression.notes.append(f"{layer.name}: its {groups} groups became one kernel with zeros between them")
    if layer.config.get("padding") == "causal":
        _pad_in_front(expression)
        changes["padding"] = "valid"
    expression.core(layer.class_name, changes, weights=weights)
    return expression


def depthwise(layer: LayerCall) -> Expression:
    """Express DepthwiseConv2D, whose dilation TensorFlow.js ignores, by a kernel that is dilated itself."""
    expression = Expression(layer)
    rates = spatial(layer.config, "dilation_rate", rank=2)
    if rates == [1, 1]:
        expression.core(layer.class_name, {}, weights=None)
        return expression
    arrays = _arrays(layer, "depthwise_kernel")
    kernel = arrays.pop("depthwise_kernel")
    window = [(size - 1) * rate + 1 for size, rate in zip(kernel.shape[:2], rates, strict=True)]
    if math.prod(window) > _LARGEST_WINDOW:
        raise layer.refused(f"its dilated kernel would be {window[0]} x {window[1]}")
    spread = made(
        "depthwise_kernel",
        (*window, *kernel.shape[2:]),
        read=_spread(kernel, window=window, rates=rates),
        source=kernel,
    )
    weights = [spread, *(kept(role, array) for role, array in arrays.items())]
    expression.notes.append(f"{layer.name}: its dilated kernel is written with the zeros in it")
    expression.core(layer.class_name, {"dilation_rate": [1, 1], "kernel_size": window}, weights=weights)
    return expression


def separable(layer: LayerCall) -> Expression:
    """Express SeparableConv2D, which TensorFlow.js refuses with options that it should ignore."""
    expression = Expression(layer)
    surplus = {key: REMOVED for key in _KERNEL_OPTIONS if key in layer.config}
    if any(layer.config[key] is not None for key in surplus):
        expression.notes.append(
            f"{layer.name}: its kernel_* options, which a separable convolution does not use, are left out"
        )
    expression.core(layer.class_name, surplus if expression.notes else {}, weights=None)
    return expression


def separable_1d(layer: LayerCall) -> Expression:
    """Express SeparableConv1D by the two-dimensional one."""
    arrays = _arrays(layer, "depthwise_kernel", "pointwise_kernel")
    filters = _filters(layer)
    return _in_two_dimensions(layer, "SeparableConv2D", arrays, filters=filters)


def depthwise_1d(layer: LayerCall) -> Expression:
    """Express DepthwiseConv1D by the two-dimensional one."""
    arrays = _arrays(layer, "depthwise_kernel")
    filters = layer.channels() * (layer.config.get("depth_multiplier") or 1)
    return _in_two_dimensions(layer, "DepthwiseConv2D", arrays, filters=filters)


def transposed_1d(layer: LayerCall) -> Expression:
    """Express Conv1DTranspose by the two-dimensional one."""
    return _in_two_dimensions(layer, "Conv2DTranspose", _arrays(layer, "kernel"), filters=_filters(layer))


def _in_two_dimensions(layer: LayerCall, class_name: str, arrays: dict[str, Stored], *, filters: int) -> Expression:
    """Put a second axis of size 1 behind the steps, convolve, and take it away."""
    if not channels_last(layer.config):
        raise layer.refused("the channels come first")
    expression = Expression(layer)
    size, step, rate = (spatial(layer.config, key, rank=1)[0] for key in ("kernel_size", "strides", "dilation_rate"))
    flat = class_name == "Conv2DTranspose"
    changes: Config = {
        "kernel_size": [size, 1],
        "strides": [step, 1 if flat else step],
        "dilation_rate": [rate, rate],
        "data_format": "channels_last",
        **(dict.fromkeys(_KERNEL_OPTIONS, REMOVED) if not flat else {}),
    }
    expression.helper("Reshape", "to_2d", config={"target_shape": [-1, 1, layer.channels()]})
    if layer.config.get("padding") == "causal":
        _pad_rows(expression, (size - 1) * rate)
        changes["padding"] = "valid"
    wide = [_widened(role, array) for role, array in arrays.items()]
    within = {key: value for key, value in {**layer.config, **changes}.items() if value is not REMOVED}
    if class_name == "DepthwiseConv2D" and rate > 1:
        core = _DepthwiseWeights(layer, within, wide)
        within, wide = core.config, core.weights
    expression.core(class_name, {**dict.fromkeys(layer.config.keys() - within.keys(), REMOVED), **within}, weights=wide)
    expression.helper("Reshape", "to_1d", config={"target_shape": [-1, filters]})
    expression.notes.append(f"{layer.name}: {layer.class_name} is computed by {class_name}")
    return expression


class _DepthwiseWeights:
    """The options and weights of a dilated depthwise convolution of one dimension, as those of a plain one of two."""

    def __init__(self, layer: LayerCall, config: Config, weights: Sequence[LayerWeight]) -> None:
        rate = config["dilation_rate"][0]
        window = [(config["kernel_size"][0] - 1) * rate + 1, 1]
        if math.prod(window) > _LARGEST_WINDOW:
            raise layer.refused(f"its dilated kernel would be {window[0]} long")
        kernel = weights[0]
        spread = _spread_array(kernel.read, kernel.shape, window=window, rates=[rate, 1])
        self.config = {**config, "dilation_rate": [1, 1], "kernel_size": window}
        self.weights = [
            made(kernel.role, (*window, *kernel.shape[2:]), read=spread, source=kernel.source),
            *weights[1:],
        ]
        if config.get("use_bias", True) and len(weights) == 1:
            raise layer.refused("it has no bias in the file")


def _widened(role: str, array: Stored) -> LayerWeight:
    if role == "bias":
        return kept(role, array)
    return reshaped(role, array, shape=(array.shape[0], 1, *array.shape[1:]))


def _pad_in_front(expression: Expression) -> None:
    layer = expression.layer
    if not channels_last(layer.config):
        raise layer.refused("the channels come first")
    size, rate = (spatial(layer.config, key, rank=1)[0] for key in ("kernel_size", "dilation_rate"))
    expression.helper("Reshape", "to_2d", config={"target_shape": [-1, 1, layer.channels()]})
    _pad_rows(expression, (size - 1) * rate)
    expression.helper("Reshape", "to_1d", config={"target_shape": [-1, layer.channels()]})
    expression.notes.append(f"{layer.name}: its causal padding is a layer of its own")


def _pad_rows(expression: Expression, count: int) -> None:
    expression.helper("ZeroPadding2D", "pad", config={"padding": [[count, 0], [0, 0]], "data_format": "channels_last"})


def _filters(layer: LayerCall) -> int:
    filters = layer.config.get("filters")
    if type(filters) is not int:
        raise layer.refused("it has no number of filters")
    return filters


def _arrays(layer: LayerCall, *kernels: str) -> dict[str, Stored]:
    roles = [*kernels, *(["bias"] if layer.config.get("use_bias", True) else [])]
    return of(layer, *roles)


def _ungrouped(layer: LayerCall, groups: int) -> list[LayerWeight]:
    arrays = _arrays(layer, "kernel")
    kernel = arrays.pop("kernel")
    shape = (*kernel.shape[:-2], kernel.shape[-2] * groups, kernel.shape[-1])
    if kernel.shape[-1] % groups:
        raise layer.refused(f"{groups} groups do not divide its {kernel.shape[-1]} filters")
    if math.prod(shape) > _LARGEST_KERNEL:
        raise layer.refused(f"its {groups} groups as one kernel would be {math.prod(shape):,} numbers")
    full = made("kernel", shape, read=lambda: _full_kernel(kernel.read(), groups), source=kernel)
    return [full, *(kept(role, array) for role, array in arrays.items())]


def _full_kernel(kernel: Array, groups: int) -> Array:
    import numpy as np  # noqa: PLC0415  only when such a layer is written

    inside, outside = kernel.shape[-2], kernel.shape[-1] // groups
    full = np.zeros((*kernel.shape[:-2], inside * groups, kernel.shape[-1]), kernel.dtype)
    for group in range(groups):
        part = slice(group * outside, (group + 1) * outside)
        full[..., group * inside : (group + 1) * inside, part] = kernel[..., part]
    return full


def _spread(kernel: Stored, *, window: list[int], rates: list[int]) -> Callable[[], Array]:
    return _spread_array(kernel.read, kernel.shape, window=window, rates=rates)


def _spread_array(
    read: Callable[[], Array], shape: tuple[int, ...], *, window: list[int], rates: list[int]
) -> Callable[[], Array]:
    def spread() -> Array:
        import numpy as np  # noqa: PLC0415  only when such a layer is written

        kernel = read()
        wide = np.zeros((*window, *shape[2:]), kernel.dtype)
        wide[:: rates[0], :: rates[1]] = kernel
        return wide

    return spread
