"""Weights for a network that nobody trained, such that it is alive: its outputs vary clearly with its inputs.

Freshly initialised networks answer nearly the same to everything, so that comparing their outputs proves nothing. Here
weights are drawn from a seed, and one pass over a few images sets each normalisation's statistics, and each biased
layer's scale and offset, from what really arrives there.
"""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterator

import numpy as np

_KERNELS = frozenset(["kernel", "pointwise_kernel", "recurrent_kernel", "embeddings"])
_HEAD_SPREAD = 1.5
_LEAST_SPREAD = 1e-5


def enliven(model: Any, images: Any, *, seed: int) -> None:
    """Give the Keras model weights drawn from ``seed`` and calibrated on ``images``."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for weight in model.weights:
        drawn = _drawn(weight.name.split("/")[-1].split(":")[0], tuple(weight.shape), rng)
        if drawn is not None:
            weight.assign(drawn)
    with _calibrating(_head(model)):
        model(images, training=False)


def liveliness(outputs: Any) -> Dict[str, float]:
    """Return how much the outputs (samples first) vary between samples, absolutely and relative to their size."""
    flat = np.asarray(outputs, dtype=np.float64).reshape(len(outputs), -1)
    spread = float(np.mean(np.std(flat, axis=0)))
    size = float(np.sqrt(np.mean(np.square(flat))))
    return {
        "spread": spread,
        "relative_spread": spread / size if size else 0.0,
        "distinct_answers": len(set(np.argmax(flat, axis=1).tolist())),
        "min": float(np.min(flat)),
        "max": float(np.max(flat)),
    }


def _drawn(name: str, shape: Any, rng: Any) -> Any:
    normal = rng.standard_normal(shape, dtype=np.float32)
    if name in _KERNELS:
        return normal * np.float32(np.sqrt(2.0 / max(1, np.prod(shape[:-1]))))
    if name == "depthwise_kernel":
        return normal * np.float32(np.sqrt(2.0 / np.prod(shape[:2])))
    if name in ("bias", "beta"):
        return normal * np.float32(0.1)
    if name == "gamma":
        return np.float32(1.0) + normal * np.float32(0.1)
    return None  # statistics, counters: set by calibration, or right as they are


def _head(model: Any) -> Any:
    """Return the last layer with a kernel if nothing but shapes and activations follows: it makes the answer."""
    for layer in reversed(model.layers):
        if hasattr(layer, "kernel"):
            return layer
        if layer.weights:
            return None
    return None


@contextlib.contextmanager
def _calibrating(head: Any) -> Iterator[None]:
    """Within it every Keras layer that is called is first set by what it receives."""
    from tensorflow.keras import layers

    original = layers.Layer.__call__

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(layer, layers.BatchNormalization):
            _set_statistics(layer, args[0])
        elif getattr(layer, "bias", None) is not None and hasattr(layer, "activation"):
            _normalise(layer, original, args[0], target=_HEAD_SPREAD if layer is head else 1.0)
        return original(layer, *args, **kwargs)

    layers.Layer.__call__ = call
    try:
        yield
    finally:
        layers.Layer.__call__ = original


def _set_statistics(layer: Any, received: Any) -> None:
    values = np.asarray(received)
    axis = layer.axis[0] if isinstance(layer.axis, (list, tuple)) else layer.axis
    others = tuple(number for number in range(values.ndim) if number != axis % values.ndim)
    layer.moving_mean.assign(np.mean(values, axis=others, dtype=np.float64).astype(np.float32))
    layer.moving_variance.assign(np.var(values, axis=others, dtype=np.float64).astype(np.float32))


def _normalise(layer: Any, call: Any, received: Any, *, target: float) -> None:
    """Scale the kernel and set the bias so that each channel has mean 0 and the spread ``target`` before activation."""
    from tensorflow.keras import activations

    kernel = next((getattr(layer, name) for name in _SCALED if getattr(layer, name, None) is not None), None)
    if kernel is None:
        return
    activation, layer.activation = layer.activation, activations.linear
    try:
        answer = np.asarray(call(layer, received), dtype=np.float64)
    finally:
        layer.activation = activation
    flat = answer.reshape(-1, answer.shape[-1])
    mean, spread = flat.mean(axis=0), flat.std(axis=0)
    scale = np.where(spread > _LEAST_SPREAD, target / np.maximum(spread, _LEAST_SPREAD), 1.0)
    shape = scale.reshape(kernel.shape[-2:]) if "depthwise" in kernel.name else scale
    kernel.assign(np.asarray(kernel) * shape.astype(np.float32))
    layer.bias.assign(((np.asarray(layer.bias) - mean) * scale).astype(np.float32))


_SCALED = ("pointwise_kernel", "kernel", "depthwise_kernel")
