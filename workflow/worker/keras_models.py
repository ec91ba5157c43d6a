"""Keras models as things that can be run: what they take, and their answers by output name."""

from __future__ import annotations

from typing import Any, Iterator, List

import numpy as np

from .containment import answers
from .failure import NotRunnableError
from .runnable import Runnable
from .specs import Spec

_RESCALING = frozenset(["Rescaling", "Normalization"])
_LOOKED_AT = 6


def runnable(model: Any) -> Runnable:
    """Return the Keras model as a ``Runnable``."""
    import tensorflow as tf

    inputs = tuple(inputs_of(model))
    answers.require_moderate_layers(_layers(model))

    def run(arrays: List[Any]) -> Any:
        answer = model(arrays if len(arrays) > 1 else arrays[0], training=False)
        flat = [np.asarray(tensor) for tensor in tf.nest.flatten(answer)]
        names = list(getattr(model, "output_names", None) or [])
        if len(names) != len(flat):
            names = [f"output_{number}" for number in range(len(flat))]
        return list(zip(names, flat))

    return Runnable(inputs, run)


def inputs_of(model: Any) -> List[Spec]:
    """Return what the model takes; raises ``NotRunnableError`` where it does not say."""
    if not getattr(model, "inputs", None):
        raise NotRunnableError("the model does not say what its inputs are")
    bounds, pixels = _bounds(model), _takes_pixels(model)
    return [
        Spec(name, tuple(tensor.shape), tensor.dtype.name, bound=bounds.get(name), pixels=pixels)
        for name, tensor in zip(model.input_names, model.inputs)
    ]


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def _takes_pixels(model: Any) -> bool:
    first = [layer for _, layer in zip(range(_LOOKED_AT), _layers(model))]
    return any(type(layer).__name__ in _RESCALING for layer in first)


def _bounds(model: Any) -> "dict[str, int]":
    """Return the inputs that feed Embedding layers, with the least vocabulary among those layers."""
    found: "dict[str, int]" = {}
    for layer in _layers(model):
        if type(layer).__name__ != "Embedding":
            continue
        origin = _origin(layer)
        names: List[str] = [origin] if origin in model.input_names else model.input_names
        for name in names:
            found[name] = min(layer.input_dim, found.get(name, layer.input_dim))
    return found


def _origin(layer: Any) -> str:
    """Follow single inputs upwards from a layer to the name of the input that they start from, if there is one."""
    while True:
        try:
            tensor = layer.input
        except (AttributeError, RuntimeError):
            return ""
        if isinstance(tensor, (list, tuple, dict)):
            return ""
        above = tensor._keras_history.layer  # noqa: SLF001  the only way up
        if above is layer or type(above).__name__ == "InputLayer":
            name: str = above.name
            return name
        layer = above
