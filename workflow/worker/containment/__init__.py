"""A model is all in its own files, and asks for no more than they can stand for: looked at before a job reads it."""

from __future__ import annotations

import contextlib
import os
import zipfile
from typing import Any, Callable, Dict, Iterator, List

from ..failure import JobError
from . import archives, folders, manifests
from .budget import Budget, spending

_Json = Dict[str, Any]
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, RecursionError)
_OF_LAYERS = frozenset(["keras", "keras_keras", "keras_saved_model", "tfjs_layers_model"])
_MODELS = ("source", "model")


@contextlib.contextmanager
def guarded(args: _Json) -> Iterator[None]:
    """Look at all models among the arguments of a job, and bound the weights that layers make while it runs.

    Raises ``JobError``: leads_out for what points out of a model, too_much for what its files cannot stand for,
    source for what cannot be read as its format.
    """
    models = _models(args)
    held = sum(require_contained(model["path"], model["format"]) for model in models)
    if not any(model["format"] in _OF_LAYERS for model in models):
        yield
        return
    with spending(Budget(held)):
        yield


def require_contained(path: str, kind: str) -> int:
    """Return the bytes of weights that a model of a format holds; raises ``JobError``.

    What is not there, or is no such file at all, is for its loader to tell, which opens it in the same way.
    """
    if not os.path.exists(path):
        return 0
    try:
        return _LOOKS[kind](path)
    except (*_UNREADABLE, zipfile.BadZipFile, EOFError) as problem:
        raise JobError("source", f"{path} cannot be read as {kind}: {problem}"[:500]) from problem


def _models(args: _Json) -> List[_Json]:
    found = [args[name] for name in _MODELS if isinstance(args.get(name), dict)]
    if args.get("weights") and found and isinstance(args["weights"], str):
        found.append({"path": args["weights"], "format": "tfjs_layers_model"})
    return [model for model in found if model.get("format") in _LOOKS]


def _in_hdf5(path: str) -> int:
    import h5py

    from . import hdf5

    try:
        file = h5py.File(path, "r")
    except OSError:
        return 0
    with file:
        return hdf5.require_contained(file, path, held=os.path.getsize(path))


def _in_saved_model(path: str) -> int:
    from google.protobuf.message import DecodeError
    from tensorflow.python.saved_model.loader_impl import parse_saved_model

    from . import file_names, graphs

    total = folders.require_contained(path)
    try:
        parts = parse_saved_model(path).meta_graphs
    except (OSError, DecodeError):
        return total
    for part in parts:
        folders.require_own_assets(part)
        graphs.require_moderate(part.graph_def, held=total)
        file_names.require_own(part.graph_def, part)
    return total


def _in_frozen_graph(path: str) -> int:
    from ..graph import frozen_graphs
    from . import file_names, graphs

    graph = frozen_graphs.read(path)
    graphs.require_moderate(graph, held=os.path.getsize(path))
    file_names.require_own(graph)
    return os.path.getsize(path)


_LOOKS: Dict[str, Callable[[str], int]] = {
    "keras": _in_hdf5,
    "keras_keras": archives.require_contained,
    "keras_saved_model": _in_saved_model,
    "tf_saved_model": _in_saved_model,
    "tf_hub": _in_saved_model,
    "tf_frozen_model": _in_frozen_graph,
    "tfjs_layers_model": manifests.require_contained,
    "tfjs_graph_model": manifests.require_contained,
}
