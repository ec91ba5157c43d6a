"""A loaded model of Keras 3 as a SavedModel: traced once, where ``model.export()`` traces three times."""

from __future__ import annotations

import re
import shutil
from typing import Any, List, Tuple

from ..failure import JobError
from ..shared import error_words
from . import ports

SIGNATURE = "serving_default"
_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
_UNFIT = re.compile(r"[^A-Za-z0-9_.\\/>-]")
_TRACING_ERRORS = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    AssertionError,
    OSError,
)


def save(model: Any, folder: str) -> Tuple[ports.Taking, ports.Giving]:
    """Write the model to ``folder``, all of it or nothing; raises ``JobError`` where it cannot be traced."""
    import tensorflow as tf

    taking, giving = ports.taken(model), ports.Giving()
    _rename_for_tensorflow(model)
    function, specifications = ports.serving(model, taking, giving=giving)
    try:
        traced = tf.function(function, input_signature=specifications, autograph=False).get_concrete_function()
        holder = tf.Module()
        holder.kept = [list(traced.variables), _tables(model)]
        tf.saved_model.save(holder, folder, signatures={SIGNATURE: traced})
    except JobError:
        raise
    except (*_TRACING_ERRORS, tf.errors.OpError) as problem:
        shutil.rmtree(folder, ignore_errors=True)
        raise JobError("not_exported", error_words.of_exception(problem)) from problem
    return taking, giving


def layers_of(model: Any) -> List[Any]:
    """Return all layers of the model, those inside others included."""
    return list(model._flatten_layers())  # noqa: SLF001  Keras 3 has no public way


def _tables(model: Any) -> List[Any]:
    """Return the lookup tables that layers hold; a SavedModel must be told of them."""
    from tensorflow.saved_model.experimental import TrackableResource

    held = (value for layer in layers_of(model) for value in vars(layer).values())
    return [value for value in held if isinstance(value, TrackableResource)]


def _rename_for_tensorflow(model: Any) -> None:
    """Change the names that TensorFlow cannot have in a graph, such as ``my layer``; other backends allow them."""
    for layer in layers_of(model):
        layer.name = _fit(layer.name)
    for variable in model.variables:
        value = variable.value
        if not _SCOPE.fullmatch(value.name.split(":")[0]):
            value._handle_name = f"{_fit(value.name.split(':')[0])}:0"  # noqa: SLF001  a variable's name has no setter


def _fit(name: str) -> str:
    plain = _UNFIT.sub("_", name)
    return plain if _SCOPE.fullmatch(plain) else f"layer{plain}"
