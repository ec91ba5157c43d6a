"""Code that comes with a model: bytecode inside its file, which is refused unless allowed, and modules that are named.

Keras runs the marshalled bytecode of a Lambda layer while it loads a model; from an .h5 file without asking.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import zipfile
from typing import Any, Callable, Dict, Iterator, List

from . import bytecode_in_configs
from .failure import JobError

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, zipfile.BadZipFile)


def require_harmless(source: Dict[str, Any]) -> None:
    """Raise ``JobError`` when the model at ``path`` holds bytecode that loading it would run, unless ``unsafe``."""
    if source.get("unsafe"):
        return
    layers = lambda_layers(source["path"], source["format"])
    if layers:
        raise JobError(
            "foreign_code",
            f"{', '.join(layers[:5])}: {'these layers hold' if layers[1:] else 'this layer holds'} code",
        )


def lambda_layers(path: str, kind: str) -> List[str]:
    """Return the names of the layers with bytecode; none where the format has no topology of Keras.

    Raises ``JobError`` (source) for what cannot be read as its format: a loader may still find code in it.
    """
    reader = _READERS.get(kind)
    if reader is None:
        return []
    try:
        return reader(path)
    except _UNREADABLE as problem:
        raise JobError("source", f"{path} cannot be read as {kind}: {problem}"[:500]) from problem


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

    if path.endswith(".keras") and zipfile.is_zipfile(path):
        raise ValueError("it is an archive, which is what Keras would read")
    with h5py.File(path, "r") as file:
        parts = [file.attrs[name] for name in ("model_config", "training_config") if name in file.attrs]
    return bytecode_in_configs.named([json.loads(part) for part in parts])


def _in_archive(path: str) -> List[str]:
    import h5py

    if h5py.is_hdf5(path):
        raise ValueError("it is an HDF5 file, which is what Keras may read")
    with zipfile.ZipFile(path) as archive:
        return bytecode_in_configs.named(json.loads(archive.read("config.json")))


def _in_layers_model(path: str) -> List[str]:
    file = os.path.join(path, "model.json") if os.path.isdir(path) else path
    with open(file, encoding="utf-8") as text:
        return bytecode_in_configs.named(json.load(text).get("modelTopology"))


def _in_saved_model(path: str) -> List[str]:
    """Look at Keras's metadata where either generation of it keeps them: in a file of their own, or in the graph's."""
    from google.protobuf.message import DecodeError
    from tensorflow.python.keras.protobuf import saved_metadata_pb2
    from tensorflow.python.saved_model.loader_impl import parse_saved_model

    metadata = saved_metadata_pb2.SavedMetadata()
    own = os.path.join(path, "keras_metadata.pb")
    try:
        if os.path.exists(own):
            with open(own, "rb") as file:
                metadata.ParseFromString(file.read())
        graphs = parse_saved_model(path).meta_graphs
    except DecodeError as problem:
        raise ValueError(str(problem)) from problem
    texts = [node.metadata for node in metadata.nodes]
    texts += [node.user_object.metadata for graph in graphs for node in graph.object_graph_def.nodes]
    return bytecode_in_configs.named([json.loads(text) for text in texts if text])


_READERS: Dict[str, Callable[[str], List[str]]] = {
    "keras": _in_hdf5,
    "keras_keras": _in_archive,
    "tfjs_layers_model": _in_layers_model,
    "keras_saved_model": _in_saved_model,
}
