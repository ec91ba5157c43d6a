"""Whether a conversion's output is there: the reference converter can end without an error and without a result."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List

from .failure import JobError

_MAGIC = {"keras": b"\x89HDF\r\n\x1a\n", "keras_keras": b"PK\x03\x04"}
_JSON_FORMATS = ("tfjs_layers_model", "tfjs_graph_model")


def check(path: str, target_format: str) -> Dict[str, Any]:
    """Return how many files and bytes the output has; raises ``JobError`` when it is not what the format asks for."""
    if target_format in _MAGIC:
        _check_file(path, _MAGIC[target_format])
    elif target_format in _JSON_FORMATS:
        _check_model_json(path)
    elif not os.path.isfile(os.path.join(path, "saved_model.pb")):
        raise _missing(os.path.join(path, "saved_model.pb"))
    sizes = [os.path.getsize(file) for file in files_of(path)]
    return {"files": len(sizes), "bytes": sum(sizes)}


def files_of(path: str) -> List[str]:
    """Return the file itself, or all files below the folder, sorted."""
    if not os.path.isdir(path):
        return [path]
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)


def _check_file(path: str, magic: bytes) -> None:
    if not os.path.isfile(path):
        raise _missing(path)
    with open(path, "rb") as source:
        if source.read(len(magic)) != magic:
            raise JobError("no_output", f"the converter reported success and left something else at {path}")


def _check_model_json(folder: str) -> None:
    path = os.path.join(folder, "model.json")
    if not os.path.isfile(path) or os.path.getsize(path) == 0:
        raise _missing(path)
    with open(path, encoding="utf-8") as source:
        model = json.load(source)
    if not model.get("modelTopology"):
        raise JobError("weights_only", "the input holds weights and no topology: the result would be no model")
    for group in model.get("weightsManifest", []):
        for name in group["paths"]:
            if not os.path.isfile(os.path.join(folder, name)):
                raise _missing(os.path.join(folder, name))


def _missing(path: str) -> JobError:
    return JobError("no_output", f"the converter reported success and did not write {path}")
