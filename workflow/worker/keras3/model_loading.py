"""Loading with Keras 3: never compiled, bytecode only where that is allowed, and failures told in our words."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from typing import Any, Dict, Iterator, Mapping

from .. import allow_list, unknown_names
from ..failure import JobError
from ..shared import error_words
from . import bytecode, files
from .files import Heading

_LAST_FOR_3_10 = " (there is none later for Python 3.10; the environment needs 3.11 to 3.13 for it)"
_LOADING_ERRORS = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    OSError,
    EOFError,
    ImportError,
    NotImplementedError,
    RuntimeError,
)


def load(source: Dict[str, Any], classes: Mapping[str, Any], *, heading: Heading) -> Any:
    """Return the Keras model at ``path`` that has this ``format``; raises ``JobError``.

    ``classes`` are the user's own, by name. Code in the file is looked for before (``foreign_code.require_harmless``).
    """
    import keras

    unsafe = allow_list.is_off(source)
    if unsafe:
        bytecode.require_readable(source["path"], heading.topology)
    with tempfile.TemporaryDirectory() as folder, keras.saving.custom_object_scope(_by_all_names(classes)):
        path = files.named_as_keras_expects(source, folder)
        try:
            with _with_all_axes():
                return keras.saving.load_model(path, compile=False, safe_mode=not unsafe)
        except _LOADING_ERRORS as problem:
            raise _explained(problem, source, heading.version) from problem


class _WithAxes(dict):  # type: ignore[type-arg]  # Keras asks for a dictionary
    """A layer's options of which nobody takes away the axes."""

    def pop(self, key: Any, *default: Any) -> Any:
        return None if key == "axis" else super().pop(key, *default)


@contextlib.contextmanager
def _with_all_axes() -> Iterator[None]:
    """Have several axes of a layer read from HDF5: Keras 3 drops them, and the layer takes its usual one (-1) instead.

    See ``model_from_config`` in keras/src/legacy/saving/saving_utils.py, the same in 3.0 to 3.15.
    """
    from keras.src.legacy.saving import saving_utils

    made = saving_utils.model_from_config

    def with_axes(config: Any, custom_objects: Any = None) -> Any:
        options = config.get("config") if isinstance(config, dict) else None
        if isinstance(options, dict) and isinstance(options.get("axis"), list) and len(options["axis"]) > 1:
            config = {**config, "config": _WithAxes(options)}
        return made(config, custom_objects)

    saving_utils.model_from_config = with_axes
    try:
        yield
    finally:
        saving_utils.model_from_config = made


def _by_all_names(classes: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the classes under their names, and under what Keras calls those that are registered.

    Keras writes ``Custom>Name`` for what was registered without a package: then the plain class of that name is meant.
    """
    return {**{f"Custom>{name}": found for name, found in classes.items()}, **classes}


def _explained(problem: Exception, source: Dict[str, Any], written_by: str) -> JobError:
    import keras

    path = source["path"]
    later = files.is_later(written_by, keras.__version__)
    unknown = unknown_names.find(problem)
    if unknown is not None and (unknown.is_located or not later):
        return unknown_names.error(unknown, path, modules=source.get("custom_objects") or ())
    if later:
        versions = f"saved by Keras {written_by}, and the environment has {keras.__version__}"
        versions += _LAST_FOR_3_10 if sys.version_info < (3, 11) else ""
        return JobError("later_keras", f"{path} was {versions}: {error_words.of_exception(problem)}")
    return JobError("keras3_declines", f"{path}: {error_words.of_exception(problem)}")
