"""A file of Keras 3 as something that can be run, so that what was made of it can be compared with it."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

from .. import foreign_code, full_precision
from ..containment import answers
from ..failure import JobError, NotRunnableError
from ..keras_models import forget_states, needs, words
from ..runnable import Runnable
from ..shared.drawing import Named, Spec
from . import exporting, files, model_loading, ports


def runnable(source: Dict[str, Any]) -> Runnable:
    """Load ``source`` {path, format, custom_objects, unsafe}; its ports have the names that the job ``export`` gives.

    Raises ``NotRunnableError`` where Keras 3 does not load it, ``JobError`` where it must not.
    """
    foreign_code.require_harmless(source)
    try:
        heading = files.read(source)
        with foreign_code.known_classes(source) as classes:
            model = model_loading.load(source, classes, heading=heading)
        half = full_precision.half_of(exporting.layers_of(model))
        if half:
            model = full_precision.in_full(model)
        taking = ports.taken(model)
    except JobError as problem:
        if problem.kind in ("foreign_code", "ambiguous"):
            raise
        raise NotRunnableError(str(problem)) from problem
    answers.require_moderate_layers(exporting.layers_of(model))
    found = needs(model, [port.name for port in taking.ports])
    known = words(exporting.layers_of(model))
    specs = [Spec(port.name, port.shape, port.dtype, *need, words=known) for port, need in zip(taking.ports, found)]

    def run(arrays: List[Any]) -> Named:
        import tensorflow as tf

        forget_states(exporting.layers_of(model))
        giving = ports.Giving()
        function, _ = ports.serving(model, taking, giving=giving)
        found = function(*[tf.constant(array) for array in arrays])
        return [(port.name, np.asarray(found[port.name])) for port in giving.ports]

    return Runnable(tuple(specs), run, half)
