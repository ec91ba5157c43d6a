"""A file of Keras 3 as something that can be run, so that what was made of it can be compared with it."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

from .. import foreign_code
from ..containment import answers
from ..failure import JobError, NotRunnableError
from ..runnable import Named, Runnable
from ..specs import Spec
from . import exporting, files, model_loading, ports

_RESCALING = frozenset(["Rescaling", "Normalization"])
_LOOKED_AT = 6


def runnable(source: Dict[str, Any]) -> Runnable:
    """Load ``source`` {path, format, custom_objects, unsafe}; its ports have the names that the job ``export`` gives.

    Raises ``NotRunnableError`` where Keras 3 does not load it, ``JobError`` where it must not.
    """
    foreign_code.require_harmless(source)
    try:
        heading = files.read(source)
        with foreign_code.known_classes(source) as classes:
            model = model_loading.load(source, classes, heading=heading)
        taking = ports.taken(model)
    except JobError as problem:
        if problem.kind in ("foreign_code", "ambiguous"):
            raise
        raise NotRunnableError(str(problem)) from problem
    answers.require_moderate_layers(exporting.layers_of(model))
    bounds, pixels = _bounds(model), _takes_pixels(model)
    specs = [
        Spec(port.name, port.shape, port.dtype, bound=bounds.get(port.name), pixels=pixels) for port in taking.ports
    ]

    def run(arrays: List[Any]) -> Named:
        import tensorflow as tf

        giving = ports.Giving()
        function, _ = ports.serving(model, taking, giving=giving)
        found = function(*[tf.constant(array) for array in arrays])
        return [(port.name, np.asarray(found[port.name])) for port in giving.ports]

    return Runnable(tuple(specs), run)


def _takes_pixels(model: Any) -> bool:
    return any(type(layer).__name__ in _RESCALING for layer in exporting.layers_of(model)[:_LOOKED_AT])


def _bounds(model: Any) -> Dict[str, int]:
    """Return the inputs that feed Embedding layers, with the least vocabulary among those layers."""
    found: Dict[str, int] = {}
    names = [port.name for port in ports.taken(model).ports]
    for layer in exporting.layers_of(model):
        if type(layer).__name__ == "Embedding":
            origin = ports.fit([_origin(layer)])[0]
            for name in [origin] if origin in names else names:
                found[name] = min(layer.input_dim, found.get(name, layer.input_dim))
    return found


def _origin(layer: Any) -> str:
    """Return the name of the layer that a layer's one input comes from; an input's is what is looked for."""
    try:
        history = layer.input._keras_history  # noqa: SLF001  the only way up
    except (AttributeError, RuntimeError, ValueError):
        return "?"
    return str(history.operation.name)
