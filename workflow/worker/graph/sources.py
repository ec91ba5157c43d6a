"""Keras models out of files, by format: one table."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from dataclasses import dataclass
from typing import Any, Callable, Dict, Sequence

from .. import allow_list, foreign_code, layers_models, unknown_names
from ..failure import JobError
from ..shared import error_words
from . import older_archives

_LOADING_ERRORS = (ValueError, TypeError, AttributeError, KeyError, OSError, ImportError, NotImplementedError)


@dataclass(frozen=True)
class Trust:
    """The classes and functions that the user's ``modules`` have, and whether bytecode in the model may run."""

    classes: Dict[str, Any]
    unsafe: bool
    modules: Sequence[str]


def load(source: Dict[str, Any]) -> Any:
    """Return the Keras model at ``path`` that has this ``format``, never compiled; raises ``JobError``."""
    path, kind = source["path"], source["format"]
    if kind not in LOADERS:
        raise JobError("usage", f"the direct way to a graph does not start from {kind}, only {', '.join(LOADERS)}")
    if not os.path.exists(path):
        raise JobError("source", f"there is no {path}")
    foreign_code.require_harmless(source)
    with foreign_code.known_classes(source) as known:
        return LOADERS[kind](path, Trust(known, allow_list.is_off(source), source.get("custom_objects") or ()))


def _layers_model(path: str, trust: Trust) -> Any:
    import tf_keras

    file = os.path.join(path, "model.json") if os.path.isdir(path) else path
    try:
        with open(file, encoding="utf-8") as text:
            described = json.load(text)
        topology, manifest = described.get("modelTopology"), described.get("weightsManifest")
    except (OSError, ValueError) as problem:
        raise JobError("source", f"{file} is no model.json: {problem}") from problem
    if not topology:
        raise JobError("weights_only", f"{file} holds weights and no topology")
    try:
        with tf_keras.utils.custom_object_scope(trust.classes):
            model = layers_models.load(file, described)
    except KeyError as problem:
        raise JobError("source", f"{file} has no weight named {problem}, which its topology asks for") from problem
    except _LOADING_ERRORS as problem:
        raise refused(problem, file, modules=trust.modules, kind="layers_declined") from problem
    if model.weights and not any(group.get("weights") for group in manifest):  # it would answer with random ones
        raise JobError("source", f"{file} has no weights, and its topology asks for {len(model.weights)}")
    return model


def _keras_h5(path: str, trust: Trust) -> Any:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise JobError("weights_only", f"{path} holds weights and no topology")
    except OSError as problem:
        raise JobError("source", f"{path} is no sound HDF5 file: {problem}") from problem
    return _loaded(path, trust)


def _keras_archive(path: str, trust: Trust) -> Any:
    if not zipfile.is_zipfile(path):
        raise JobError("source", f"{path} is no .keras archive")
    with older_archives.older_layout() if older_archives.is_older(path) else contextlib.nullcontext():
        return _loaded(path, trust)


def _loaded(path: str, trust: Trust) -> Any:
    """Load with the converter's Keras. TensorFlow's own cannot take over in the same process.

    Both enter their classes in one registry, and a model built of classes of the two keeps Keras waiting for ever.
    """
    import tf_keras

    try:
        return tf_keras.models.load_model(path, trust.classes, compile=False, safe_mode=not trust.unsafe)
    except _LOADING_ERRORS as problem:
        raise refused(problem, path, modules=trust.modules) from problem


def refused(problem: Exception, path: str, *, modules: Sequence[str], kind: str = "keras_declines") -> JobError:
    """Return why Keras does not load a model: a name that its user can give, or what Keras itself says."""
    unknown = unknown_names.find(problem)
    if unknown is not None:
        return unknown_names.error(unknown, path, modules=modules)
    lost = unknown_names.lost_module(problem, path)
    return lost or JobError(kind, f"{path}: {error_words.of_exception(problem)}")


LOADERS: Dict[str, Callable[[str, Trust], Any]] = {
    "tfjs_layers_model": _layers_model,
    "keras": _keras_h5,
    "keras_keras": _keras_archive,
}
