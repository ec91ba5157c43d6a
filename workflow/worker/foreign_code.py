"""What comes with a model beside its numbers: asked for by its config, refused unless listed, or the user's own.

The config is looked at before Keras sees the file, for the sake of the message, and again while Keras reads it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
import os
import sys
import zipfile
from typing import Any, Callable, Dict, FrozenSet, Iterator, List

from . import allow_list, config_walk, keras_guard
from .failure import JobError

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, zipfile.BadZipFile)
_KERAS = ("keras", "tf_keras")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def require_harmless(source: Dict[str, Any]) -> None:
    """Raise ``JobError`` when the model at ``path`` asks for what is not on the list, unless ``unsafe``."""
    if allow_list.is_off(source):
        return
    asked = beyond_the_list(source)
    if asked:
        raise keras_guard.refusal(asked)


def beyond_the_list(source: Dict[str, Any]) -> List[config_walk.Asking]:
    """Return what a model's layers ask for beyond the list; nothing where the format has no topology of Keras.

    Raises ``JobError`` (source) for what cannot be read as its format: a loader may still find something in it.
    """
    path, kind = source["path"], source["format"]
    reader = _READERS.get(kind)
    if reader is None:
        return []
    try:
        documents = reader(path)
    except _UNREADABLE as problem:
        raise JobError("source", f"{path} cannot be read as {kind}: {problem}"[:500]) from problem
    return config_walk.asked(documents, allow_list.current(), own=own_names(source))


def own_names(source: Dict[str, Any]) -> FrozenSet[str]:
    """Return the names that the files in ``custom_objects`` define, or take from files beside them; nothing is run."""
    names: List[str] = []
    for file in source.get("custom_objects") or ():
        try:
            with open(file, "rb") as text:
                tree = ast.parse(text.read(), file)
        except (OSError, SyntaxError, ValueError):
            continue  # importing it says what is wrong
        names += (name for node in _top_level(tree.body) for name in _defined(node, os.path.dirname(file)))
    return frozenset(names)


@contextlib.contextmanager
def known_classes(source: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """Import the Python files in ``custom_objects`` and give what they define by name, as Keras takes it.

    As long as this lasts, Keras finds nothing else but what is on the list, unless ``unsafe``. Each file can import its
    neighbours. Raises ``JobError`` when one fails.
    """
    found: Dict[str, Any] = {}
    paths = list(sys.path)
    files = list(source.get("custom_objects") or ())
    try:
        for number, file in enumerate(files):
            sys.path.insert(0, os.path.dirname(file))
            found.update(_imported(file, f"_tfjs_workflow_custom_{number}"))
        if allow_list.is_off(source):
            yield found
        else:
            folders = tuple(os.path.dirname(os.path.abspath(file)) for file in files)
            names = own_names(source)
            own = {name: thing for name, thing in found.items() if _is_own(name, thing, (names, folders))}
            with keras_guard.watching(keras_guard.Own(names | frozenset(own), own, folders)):
                yield own
    finally:
        sys.path[:] = paths


def _is_own(name: str, thing: Any, own: Any) -> bool:
    """Tell whether a module's name is the user's: defined there, or beside it, or a class of layers from elsewhere."""
    names, folders = own
    if name in names or keras_guard.Own(folders=folders).has(thing):
        return True
    return inspect.isclass(thing) and any(base.__module__.split(".")[0] in _KERAS for base in thing.__mro__)


def _top_level(nodes: List[Any]) -> Iterator[Any]:
    """Yield the statements of a module, those under conditions included."""
    for node in nodes:
        yield node
        for part in ("body", "orelse", "finalbody") if isinstance(node, (ast.If, ast.Try, ast.With)) else ():
            yield from _top_level(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _top_level(handler.body)


def _defined(node: Any, folder: str) -> Iterator[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.ImportFrom):
        beside = os.path.join(folder, *(node.module or "").split("."))
        if node.level or os.path.isfile(beside + ".py") or os.path.isfile(os.path.join(beside, "__init__.py")):
            yield from (alias.asname or alias.name for alias in node.names)


def _imported(file: str, name: str) -> Dict[str, Any]:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise JobError("custom_objects", f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise JobError("custom_objects", f"{file} fails when it is imported: {_told(problem)}"[:500]) from problem
    return {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("_")}


def _told(problem: BaseException) -> str:
    """Return an error with its kind; that of a file does not say which one where Python shows it by itself."""
    return f"{type(problem).__name__}: {problem}" if isinstance(problem, OSError) else repr(problem)


def _in_hdf5(path: str) -> List[Any]:
    import h5py

    if path.endswith(".keras") and zipfile.is_zipfile(path):
        raise ValueError("it is an archive, which is what Keras would read")
    with h5py.File(path, "r") as file:
        parts = [file.attrs[name] for name in ("model_config", "training_config") if name in file.attrs]
    return [keras_guard.parsed(part) for part in parts]


def _in_archive(path: str) -> List[Any]:
    with open(path, "rb") as file:
        begin = file.read(len(_HDF5))
    if begin == _HDF5:  # at the beginning alone: the weights inside an archive are HDF5 as well
        raise ValueError("it is an HDF5 file, which is what Keras may read")
    with zipfile.ZipFile(path) as archive:
        return [keras_guard.parsed(archive.read("config.json"))]


def _in_layers_model(path: str) -> List[Any]:
    file = os.path.join(path, "model.json") if os.path.isdir(path) else path
    with open(file, encoding="utf-8") as text:
        return [keras_guard.parsed(text.read()).get("modelTopology")]


def _in_saved_model(path: str) -> List[Any]:
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
    return [keras_guard.parsed(text) for text in texts if text]


_READERS: Dict[str, Callable[[str], List[Any]]] = {
    "keras": _in_hdf5,
    "keras_keras": _in_archive,
    "tfjs_layers_model": _in_layers_model,
    "keras_saved_model": _in_saved_model,
}
