"""What layers compute, in numpy and at a size for reading: loops over places, one formula for each activation."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = np.ndarray[Any, Any]

erf = np.vectorize(math.erf, otypes=["f8"])


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def softplus(x: Array) -> Array:
    return np.asarray(np.log1p(np.exp(x)))


def softmax(x: Array, axis: int | tuple[int, ...] = -1) -> Array:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


_SELU = (1.0507009873554805, 1.6732632423543772)  # scale and alpha, of Klambauer and others, 2017

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": relu,
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": elu,
    "selu": lambda x: _SELU[0] * elu(x, _SELU[1]),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "tanh": np.tanh,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "log_softmax": lambda x: np.log(softmax(x)),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "swish": lambda x: x * sigmoid(x),
}
"""The functions that TensorFlow.js has, under its names."""


def padded(x: Array, window: Sequence[int], strides: Sequence[int], *, padding: str, filling: float = 0.0) -> Array:
    """Return x with what its inner axes get around them, so that ``same`` gives ceil(size / stride) places."""
    if padding == "valid":
        return x
    around = [(0, 0)]
    for size, wide, step in zip(x.shape[1:-1], window, strides, strict=True):
        missing = max((math.ceil(size / step) - 1) * step + wide - size, 0)
        around.append((missing, 0) if padding == "causal" else (missing // 2, missing - missing // 2))
    return np.pad(x, [*around, (0, 0)], constant_values=filling)


def inside(*places: Any) -> tuple[Any, ...]:
    """Return the index of places in all of a batch."""
    return slice(None), *places


def windows(x: Array, window: Sequence[int], strides: Sequence[int], rates: Sequence[int]) -> tuple[list[int], Any]:
    """Return the inner shape of the result, and each place in it with what the window sees there."""
    spans = [(wide - 1) * rate + 1 for wide, rate in zip(window, rates, strict=True)]
    sizes = [(size - span) // step + 1 for size, span, step in zip(x.shape[1:-1], spans, strides, strict=True)]

    def seen() -> Any:
        for place in itertools.product(*map(range, sizes)):
            parts = [
                slice(at * step, at * step + span, rate)
                for at, step, span, rate in zip(place, strides, spans, rates, strict=True)
            ]
            yield place, x[inside(*parts)]

    return sizes, seen()


def convolved(
    x: Array, kernel: Array, *, strides: Sequence[int], rates: Sequence[int] | None = None, padding: str = "valid"
) -> Array:
    """Return the convolution of x (batch, places, channels) by a kernel (window, channels in, channels out)."""
    window = kernel.shape[:-2]
    rates = rates or [1] * len(window)
    spans = [(wide - 1) * rate + 1 for wide, rate in zip(window, rates, strict=True)]
    sizes, seen = windows(padded(x, spans, strides, padding=padding), window, strides, rates)
    result = np.zeros((len(x), *sizes, kernel.shape[-1]))
    for place, part in seen:
        result[inside(*place)] = np.tensordot(part, kernel, axes=kernel.ndim - 1)
    return result


def depthwise(
    x: Array, kernel: Array, *, strides: Sequence[int], rates: Sequence[int] | None = None, padding: str = "valid"
) -> Array:
    """Return each channel convolved by kernels of its own (window, channels, results of each)."""
    channels = range(x.shape[-1])
    one = [kernel[..., c : c + 1, :] for c in channels]
    found = [convolved(x[..., c : c + 1], one[c], strides=strides, rates=rates, padding=padding) for c in channels]
    return np.concatenate(found, -1)


def transposed(x: Array, kernel: Array, *, strides: Sequence[int], padding: str = "valid") -> Array:
    """Return x spread by a kernel (window, channels out, channels in): each number puts the kernel at its place."""
    window = kernel.shape[:-2]
    full = [(size - 1) * step + wide for size, step, wide in zip(x.shape[1:-1], strides, window, strict=True)]
    result = np.zeros((len(x), *full, kernel.shape[-2]))
    for place in itertools.product(*map(range, x.shape[1:-1])):
        parts = [slice(at * step, at * step + wide) for at, step, wide in zip(place, strides, window, strict=True)]
        result[inside(*parts)] += np.tensordot(x[inside(*place)], kernel, axes=(-1, -1))
    if padding == "valid":
        more = [max(step - wide, 0) for wide, step in zip(window, strides, strict=True)]
        return np.pad(result, [(0, 0), *((0, each) for each in more), (0, 0)])
    starts = [max(wide - step, 0) // 2 for wide, step in zip(window, strides, strict=True)]
    ends = [start + size * step for start, size, step in zip(starts, x.shape[1:-1], strides, strict=True)]
    return np.asarray(result[inside(*map(slice, starts, ends))])


def pooled(x: Array, window: Sequence[int], strides: Sequence[int], *, padding: str, most: bool) -> Array:
    """Return the largest number, or the mean, that a window sees at each place; padding is never seen."""
    x = padded(x, window, strides, padding=padding, filling=np.nan)
    sizes, seen = windows(x, window, strides, [1] * len(window))
    result = np.zeros((len(x), *sizes, x.shape[-1]))
    axes = tuple(range(1, x.ndim - 1))
    for place, part in seen:
        result[inside(*place)] = np.nanmax(part, axes) if most else np.nanmean(part, axes)
    return result


def normalized(x: Array, axes: int | tuple[int, ...], epsilon: float) -> Array:
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return np.asarray((x - mean) / np.sqrt(variance + epsilon))


def gates(x: Array, count: int) -> list[Array]:
    return np.split(x, count, -1)
