"""Modules of TensorFlow Hub: a folder here, or a handle that tensorflow_hub fetches; of TF1 and TF2 alike."""

from __future__ import annotations

import os
from dataclasses import replace

from ..failure import JobError
from . import saved_models
from .options import Options

_OF_TF1 = "tfhub_module.pb"
_SIGNATURE = "default"


def choose(place: str, options: Options) -> saved_models.Choice:
    """Return the graph and the signature of the module; raises ``JobError`` where it cannot be had."""
    folder = folder_of(place)
    if os.path.isfile(os.path.join(folder, _OF_TF1)):  # its graph for inference has no tags, whatever others there are
        options = replace(options, saved_model_tags=(), signature_name=options.signature_name or _SIGNATURE)
    return saved_models.choose(folder, options)


def folder_of(place: str) -> str:
    """Return the folder of a module: itself, or where tensorflow_hub has put what it fetched."""
    if os.path.isdir(place):
        return place
    if os.path.exists(place) or "://" not in place:
        raise JobError("source", f"{place} is neither a folder nor the address of a module")
    import tensorflow_hub

    try:
        return str(tensorflow_hub.resolve(place))
    except Exception as problem:  # what its resolvers raise depends on the network, the cache and the archive
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise JobError("hub", f"TensorFlow Hub could not fetch {place}: {reason[:300]}") from problem
