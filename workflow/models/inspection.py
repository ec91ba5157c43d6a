"""Whether a file is the model that a step needs and stays inside itself, found out on the host, and what it holds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    import mmap
    import zipfile
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format
    from workflow.models.protobuf import Field


class ModelSummary(Record):
    """A model that passed its checks.

    ``files`` is everything that belongs to it and ``bytes`` their size; ``details`` holds facts of the format
    (``keras_version``, ``layers``, ``weights``...); ``warnings`` what the user should know before going on, and
    ``doubts`` those of them by which its numbers may be wrong, whatever is made of it.
    """

    format: Format
    files: tuple[Path, ...]
    bytes: int
    details: Mapping[str, object]
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def summarise(
    kind: Format,
    files: tuple[Path, ...],
    *,
    details: Mapping[str, object],
    warnings: tuple[str, ...] = (),
    doubts: tuple[str, ...] = (),
) -> ModelSummary:
    """Return the summary of a model made of ``files``; raises ``OSError`` when one is gone."""
    size = sum(file.stat().st_size for file in files)
    return ModelSummary(kind, files, size, details, warnings=(*doubts, *warnings), doubts=doubts)


_INSPECTORS: Mapping[Format, tuple[str, str]] = {
    "keras": ("keras.whole_file", "inspect"),
    "keras_keras": ("keras.archive", "inspect"),
    "keras_saved_model": ("tensorflow_files", "inspect_keras_saved_model"),
    "tf_saved_model": ("tensorflow_files", "inspect_saved_model"),
    "tf_hub": ("tensorflow_files", "inspect_hub"),
    "tf_frozen_model": ("tensorflow_files", "inspect_frozen_graph"),
    "tfjs_layers_model": ("tfjs_model", "inspect_layers_model"),
    "tfjs_graph_model": ("tfjs_model", "inspect_graph_model"),
}
"""The module and the function for each format; a module is imported when it is needed."""


def inspect_model(path: Path, expected: Format) -> ModelSummary:
    """Return what a model file or folder holds; raises ``ModelFileError`` unless it is a sound ``expected``.

    It is looked at first for what leads out of it and for claims that its files cannot hold (``containment``).

    A TensorFlow.js model is its model.json, or the folder with it; a TensorFlow Hub model a local folder.
    """
    module, function = _INSPECTORS[expected]
    try:
        require_contained(path, expected)
        found: ModelSummary = getattr(import_module(f"workflow.models.{module}"), function)(path)
    except OSError as error:
        place = error.filename or path
        reason = error.strerror or str(error)
        raise ModelFileError(f"{shown(str(place))} cannot be read: {reason}", hint="Check who may read it.") from error
    return found


_META_GRAPH, _ASSET, _COLLECTION = 2, 6, 4
_NAME_OF_ASSET, _KEY, _VALUE, _ANY_LIST, _ANY_VALUE = 2, 1, 2, 5, 2
_ASSETS_KEY = b"saved_model_assets"
_LINKS = "Put the files themselves into the folder: `cp -rL FOLDER COPY` makes a copy without links."
_DISTRUST = "No converter writes such a file: do not trust it."
_GRAPH = "saved_model.pb"


def require_contained(path: Path, expected: Format) -> None:
    """Raise ``ModelFileError`` where a model points outside of itself, or claims more than its files can hold.

    What is no such model at all is for its own inspection to tell; HDF5 is looked at as it is opened.
    """
    look = _LOOKS.get(expected)
    if look is not None and path.exists():
        look(path)


def require_sound_archive(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise ``ModelFileError`` unless the members are a model's, once each, and can be in a file of this size."""
    fault = rules.member_fault(archive.infolist(), str(path), held=path.stat().st_size, named=shown)
    if fault is not None:
        raise ModelFileError(fault.text, hint=_DISTRUST)


def _archive(path: Path) -> None:
    if not path.is_file():
        return
    import zipfile  # noqa: PLC0415  for this format alone

    try:
        with zipfile.ZipFile(path) as archive:
            require_sound_archive(archive, path)
    except (zipfile.BadZipFile, NotImplementedError):
        return  # it is no archive that can be read, which its inspection says


def _model_json(path: Path) -> None:
    """Refuse a link that stands in a folder as its model.json; one that is given by its path is the user's own."""
    inner = path / "model.json"
    if path.is_dir() and inner.is_symlink() and not inner.resolve().is_relative_to(path.resolve()):
        raise ModelFileError(f"{inner} is a link that leads out of the model's folder", hint=_LINKS)


def _folder(path: Path) -> None:
    if not path.is_dir():
        return
    fault = rules.folder_fault(str(path), named=shown)
    if fault is not None:
        raise ModelFileError(f"{path}: {fault.text}", hint=_LINKS if fault.is_link else _DISTRUST)
    graph = path / _GRAPH
    if graph.is_file() and graph.stat().st_size:
        _require_own_assets(graph)


def _require_own_assets(graph: Path) -> None:
    import mmap  # noqa: PLC0415  for SavedModels alone

    from workflow.models.protobuf import WireError  # noqa: PLC0415  as above

    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            names = list(_assets(data))
        except (WireError, IndexError):
            return  # it is no graph at all, which its inspection says
    for raw in names:
        name = raw.decode("utf-8", "surrogateescape")
        if not rules.is_asset(name):
            raise ModelFileError(
                f"{graph}: its asset {shown(name)} is not one of the files in its folder assets", hint=_DISTRUST
            )


def _assets(data: mmap.mmap) -> Iterator[bytes]:
    """Yield the names of all assets of a SavedModel, wherever either generation of TensorFlow keeps them."""
    from workflow.models.protobuf import LENGTH, Field  # noqa: PLC0415  as above

    for part in _members(data, Field(0, LENGTH, 0, len(data)), _META_GRAPH):
        yield from _texts(data, _members(data, part, _ASSET), _NAME_OF_ASSET)
        for collection in _members(data, part, _COLLECTION):
            if _ASSETS_KEY in _texts(data, [collection], _KEY):
                for listed in _members(data, collection, _VALUE):
                    for found in _members(data, listed, _ANY_LIST):
                        for packed in _members(data, found, 1):
                            yield from _texts(data, _members(data, packed, _ANY_VALUE), _NAME_OF_ASSET)


def _members(data: mmap.mmap, whole: Field, number: int) -> Iterator[Field]:
    from workflow.models.protobuf import LENGTH, fields  # noqa: PLC0415  as above

    for field in fields(data, whole.start, end=whole.end):
        if field.number == number and field.wire == LENGTH:
            yield field


def _texts(data: mmap.mmap, messages: Iterator[Field] | list[Field], number: int) -> list[bytes]:
    return [data[field.start : field.end] for message in messages for field in _members(data, message, number)]


_LOOKS: Mapping[str, Callable[[Path], None]] = {
    "keras_keras": _archive,
    "keras_saved_model": _folder,
    "tf_saved_model": _folder,
    "tf_hub": _folder,
    "tfjs_layers_model": _model_json,
    "tfjs_graph_model": _model_json,
}
