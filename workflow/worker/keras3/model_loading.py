"""Loading with Keras 3: never compiled, bytecode only where that is allowed, and failures told in our words."""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from typing import Any, Dict, Iterator, Mapping

from .. import allow_list
from ..failure import JobError
from . import bytecode, files
from .files import Heading

_NOT_LOCATED = re.compile(r"Could not locate (?P<what>\w+) '(?P<name>[\w.>]+)'")
_UNKNOWN = re.compile(r"Unknown (?P<what>\w+(?: function)?): '?(?P<name>[\w.>]+)")
_CAUSE = re.compile(r"^Exception encountered: (.+)$", re.MULTILINE)
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

    path, text = source["path"], str(problem)
    later = files.is_later(written_by, keras.__version__)
    unknown = _NOT_LOCATED.search(text) or (None if later else _UNKNOWN.search(text))
    if unknown is not None:
        whose = f"which is none of Keras's own{_looked(source)}"
        return JobError("custom_objects", f"{path} needs the {unknown['what']} {unknown['name']}, {whose}")
    if later:
        versions = f"saved by Keras {written_by}, and the environment has {keras.__version__}"
        versions += _LAST_FOR_3_10 if sys.version_info < (3, 11) else ""
        return JobError("later_keras", f"{path} was {versions}: {_first_line(problem)}")
    return JobError("keras3_declines", f"{path}: {_first_line(problem)}")


def _looked(source: Dict[str, Any]) -> str:
    modules = source.get("custom_objects") or []
    return f", and not in {', '.join(modules)}" if modules else ""


def _first_line(problem: Exception) -> str:
    """Return the line that says what was wrong: Keras puts it below many others when layers are nested."""
    causes = _CAUSE.findall(str(problem))
    lines = causes[-1:] or [line.strip() for line in str(problem).splitlines() if line.strip()]
    return f"{type(problem).__name__}: {lines[0][:400] if lines else '(no message)'}"
