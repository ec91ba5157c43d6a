"""Loaders by model format: one table. What cannot be run in Python here raises ``NotRunnableError``."""

from __future__ import annotations

import importlib.util
import json
import os
import zipfile
from typing import Any, Callable, Dict

from . import allow_list, foreign_code, graph_models, keras_models, layers_models, versions
from .failure import JobError, NotRunnableError
from .runnable import Runnable
from .shared import error_words

_Json = Dict[str, Any]
_OF_KERAS = ("keras", "keras_keras")
_LOADING_ERRORS = (ValueError, TypeError, AttributeError, KeyError, OSError, ImportError, SystemError)


def load(source: _Json) -> Runnable:
    """Load the model at ``path`` that has this ``format``."""
    path = source["path"]
    if source["format"].startswith("tfjs_") and os.path.isdir(path):
        path = os.path.join(path, "model.json")
    _require_harmless(source)
    return LOADERS[source["format"]](path, source)


def layers_of(source: _Json) -> Any:
    """Return the Keras model in a file of Keras 2 or a layers model, guarded like all that is loaded here."""
    _require_harmless(source)
    if source["format"] in _OF_KERAS:
        import tf_keras

        return _loaded(source["path"], source, tf_keras)
    if source["format"] == "tfjs_layers_model":
        return _layers_model(source["path"], source)
    raise NotRunnableError(f"a {source['format']} is not made of layers")


def refuse_later_keras(path: str) -> None:
    """Refuse an archive of Keras 3: the load_model of Keras 2 does not fail on it, it never comes back."""
    if os.path.isdir(path) or not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            version = str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
    except (KeyError, ValueError, AttributeError, zipfile.BadZipFile) as problem:
        raise NotRunnableError(f"the archive does not say which Keras saved it: {problem}") from problem
    if version.split(".", maxsplit=1)[0] not in ("", "2"):
        raise NotRunnableError(f"it was saved by Keras {version}, and the environment has Keras 2")


def _require_harmless(source: _Json) -> None:
    """Raise ``JobError`` for what must not be loaded: a check that ends so has found something, not nothing.

    A SavedModel is run by its functions, and Keras never asked for the layers that its metadata describe.
    """
    if source["format"] == "keras_saved_model":
        return
    try:
        foreign_code.require_harmless(source)
    except JobError as problem:
        if problem.kind != "source":
            raise
        raise NotRunnableError(str(problem)) from problem


def _scope(known: _Json) -> Any:
    import tf_keras

    return tf_keras.utils.custom_object_scope(known)


def _loaded(path: str, source: _Json, keras: Any) -> Any:
    refuse_later_keras(path)
    with foreign_code.known_classes(source) as known:
        return keras.models.load_model(path, known, compile=False, safe_mode=not allow_list.is_off(source))


def _keras(path: str, source: _Json) -> Runnable:
    """Load with the Keras that the converter uses, else, unless it is an archive, with the one inside TensorFlow.

    Where tf_keras has been imported, the load_model of TensorFlow's own Keras 2.13 never comes back from an archive:
    a process that is there for such files has not. The environment for Keras 3 has neither, and loads with that.
    """
    if versions.has_tensorflows_keras_alone():
        import tensorflow as tf

        return keras_models.runnable(_loaded(path, source, tf.keras))
    if importlib.util.find_spec("tf_keras") is None:
        from .keras3 import running

        return running.runnable(source)
    import tensorflow as tf
    import tf_keras

    problems = []
    for keras in (tf_keras,) if zipfile.is_zipfile(path) else (tf_keras, tf.keras):
        try:
            return keras_models.runnable(_loaded(path, source, keras))
        except _LOADING_ERRORS as problem:  # noqa: PERF203  two rounds
            problems.append(problem)
    raise NotRunnableError(f"Keras does not load it: {error_words.of(str(problems[0]))}") from problems[0]


def _tfjs_layers_model(path: str, source: _Json) -> Runnable:
    return keras_models.runnable(_layers_model(path, source))


def _layers_model(path: str, source: _Json) -> Any:
    file = os.path.join(path, "model.json") if os.path.isdir(path) else path
    with open(file, encoding="utf-8") as text:
        described = json.load(text)
    with foreign_code.known_classes(source) as known, _scope(known):
        return layers_models.load(file, described)


LOADERS: Dict[str, Callable[[str, _Json], Runnable]] = {
    "keras": _keras,
    "keras_keras": _keras,
    "keras_saved_model": graph_models.saved_model,
    "tf_saved_model": graph_models.saved_model,
    "tf_hub": graph_models.tf_hub,
    "tf_frozen_model": graph_models.tf_frozen_model,
    "tfjs_layers_model": _tfjs_layers_model,
    "tfjs_graph_model": graph_models.tfjs_graph_model,
}
