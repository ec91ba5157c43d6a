"""Modules of TensorFlow Hub, of TF1 and TF2 alike: folders, for the host has fetched what a handle names."""

from __future__ import annotations

import os
from dataclasses import replace

from ..failure import JobError
from . import saved_models
from .converter_options import Options
from .signatures import SignedGraph

_OF_TF1 = "tfhub_module.pb"
_SIGNATURE = "default"


def choose(place: str, options: Options) -> SignedGraph:
    """Return the graph and the signature of the module; raises ``JobError`` where it cannot be had."""
    folder = folder_of(place)
    if os.path.isfile(os.path.join(folder, _OF_TF1)):  # its graph for inference has no tags, whatever others there are
        options = replace(options, saved_model_tags=(), signature_name=options.signature_name or _SIGNATURE)
    return saved_models.choose(folder, options)


def folder_of(place: str) -> str:
    """Return the folder of a module, which it is itself; raises ``JobError`` for anything else."""
    if os.path.isdir(place):
        return place
    raise JobError("source", f"{place} is no folder of a module")
