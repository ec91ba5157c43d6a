"""Keras models as things that can be run: what they take, and their answers by output name."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, List, Sequence, Tuple

import numpy as np

from . import full_precision
from .containment import answers
from .failure import NotRunnableError
from .runnable import Runnable
from .shared.drawing import Spec, words_of
from .shared.needs import Need, needs_of


def runnable(model: Any) -> Runnable:
    """Return the Keras model as a ``Runnable``."""
    import tensorflow as tf

    half = full_precision.half_of(_layers(model))
    if half:
        model = full_precision.in_full(model)
    inputs = tuple(inputs_of(model))
    answers.require_moderate_layers(_layers(model))

    def run(arrays: List[Any]) -> Any:
        forget_states(_layers(model))
        answer = model(arrays if len(arrays) > 1 else arrays[0], training=False)
        flat = [np.asarray(tensor) for tensor in tf.nest.flatten(answer)]
        names = list(getattr(model, "output_names", None) or [])
        if len(names) != len(flat):
            names = [f"output_{number}" for number in range(len(flat))]
        return list(zip(names, flat))

    return Runnable(inputs, run, half)


def forget_states(layers: Iterable[Any]) -> None:
    """Begin anew: what a recurrent layer keeps from one batch to the next is no part of a model's answer."""
    for layer in layers:
        if getattr(layer, "stateful", False):
            (getattr(layer, "reset_states", None) or layer.reset_state)()


def inputs_of(model: Any) -> List[Spec]:
    """Return what the model takes; raises ``NotRunnableError`` where it does not say."""
    if not getattr(model, "inputs", None):
        raise NotRunnableError("the model does not say what its inputs are")
    known = words(_layers(model))
    return [
        Spec(name, tuple(tensor.shape), tensor.dtype.name, *need, words=known)
        for name, tensor, need in zip(model.input_names, model.inputs, needs(model, model.input_names))
    ]


def words(layers: Iterable[Any]) -> Tuple[str, ...]:
    """Return what to draw texts of, by the vocabularies of layers that look words up."""
    known: List[str] = []
    for layer in layers:
        if hasattr(layer, "get_vocabulary"):
            known += [word for word in layer.get_vocabulary() if isinstance(word, str)]
    return words_of(known)


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def needs(model: Any, names: Sequence[str]) -> List[Need]:
    """Return what the inputs of a Keras model, by their names, need to mean something."""
    try:
        config = model.get_config()
    except Exception:  # of a class of the user's own
        return [Need()] * len(names)
    is_sequential = any(one.__name__ == "Sequential" for one in type(model).__mro__)
    return needs_of({"class_name": "Sequential" if is_sequential else "Functional", "config": config}, names)
