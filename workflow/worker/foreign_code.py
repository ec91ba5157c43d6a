"""Code that comes with a model: bytecode inside its file, which is refused unless allowed, and modules that are named.

Keras runs the marshalled bytecode of a Lambda layer while it loads a model; from an .h5 file without asking.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import sys
import zipfile
from typing import Any, Callable, Dict, Iterator, List

from .failure import JobError

_BYTECODE = {"lambda", "__lambda__"}
_CLASS_IN_SAVED_MODEL = re.compile(rb'"class_name": ?"Lambda"[^{}]*\{[^{}]{0,400}"name": ?"([^"]*)"')


def require_harmless(source: Dict[str, Any]) -> None:
    """Raise ``JobError`` when the model at ``path`` holds bytecode that loading it would run, unless ``unsafe``."""
    if source.get("unsafe"):
        return
    layers = lambda_layers(source["path"], source["format"])
    if layers:
        raise JobError(
            "foreign_code",
            f"{', '.join(layers[:5])}: {'these Lambda layers hold' if layers[1:] else 'this Lambda layer holds'} code",
        )


def lambda_layers(path: str, kind: str) -> List[str]:
    """Return the names of the layers with bytecode; none where the format has no topology of Keras."""
    reader = _READERS.get(kind)
    if reader is None:
        return []
    try:
        return reader(path)
    except (OSError, ValueError, KeyError, RecursionError, zipfile.BadZipFile):
        return []  # no sound model: the loader says so better


@contextlib.contextmanager
def known_classes(source: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """Import the Python files in ``custom_objects`` and give their classes and functions by name, as Keras takes them.

    Each file can import its neighbours. Raises ``JobError`` when one fails.
    """
    found: Dict[str, Any] = {}
    paths = list(sys.path)
    try:
        for number, file in enumerate(source.get("custom_objects") or ()):
            sys.path.insert(0, os.path.dirname(file))
            found.update(_imported(file, f"_tfjs_workflow_custom_{number}"))
        yield found
    finally:
        sys.path[:] = paths


def _imported(file: str, name: str) -> Dict[str, Any]:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise JobError("custom_objects", f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise JobError("custom_objects", f"{file} fails when it is imported: {problem!r}"[:500]) from problem
    return {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("_")}


def _in_hdf5(path: str) -> List[str]:
    import h5py

    with h5py.File(path, "r") as file:
        config = file.attrs["model_config"]
    return _named(json.loads(config))


def _in_archive(path: str) -> List[str]:
    with zipfile.ZipFile(path) as archive:
        return _named(json.loads(archive.read("config.json")))


def _in_layers_model(path: str) -> List[str]:
    file = os.path.join(path, "model.json") if os.path.isdir(path) else path
    with open(file, encoding="utf-8") as text:
        return _named(json.load(text).get("modelTopology"))


def _in_saved_model(path: str) -> List[str]:
    with open(os.path.join(path, "keras_metadata.pb"), "rb") as file:
        metadata = file.read()
    if b'"Lambda"' not in metadata:
        return []
    return [name.decode("utf-8", "replace") for name in _CLASS_IN_SAVED_MODEL.findall(metadata)] or ["a Lambda layer"]


def _named(topology: Any) -> List[str]:
    """Return the names of the layers that hold bytecode, wherever they are nested."""
    names: List[str] = []
    waiting = [topology]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("class_name") == "Lambda" and _has_bytecode(value.get("config")):
                names.append(str(value["config"].get("name", "a Lambda layer")))
            elif value.get("class_name") == "__lambda__":
                names.append("a function in a layer's config")
            waiting += [inner for key, inner in value.items() if key != "config" or value.get("class_name") != "Lambda"]
        elif isinstance(value, list):
            waiting += value
    return names[::-1]


def _has_bytecode(config: Any) -> bool:
    if not isinstance(config, dict):
        return False
    kinds = [config.get("function_type"), config.get("output_shape_type"), config.get("mask_type")]
    inner = [value.get("class_name") for value in config.values() if isinstance(value, dict)]
    return not _BYTECODE.isdisjoint(str(kind) for kind in (*kinds, *inner))


_READERS: Dict[str, Callable[[str], List[str]]] = {
    "keras": _in_hdf5,
    "keras_keras": _in_archive,
    "tfjs_layers_model": _in_layers_model,
    "keras_saved_model": _in_saved_model,
}
