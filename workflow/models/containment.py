"""What a model points at stays inside it, and what it claims is there: before anything of it is read or unpacked.

The worker looks once more, on the bytes that Keras and TensorFlow read, by the same rules (``containment_rules``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    import mmap
    import zipfile
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format
    from workflow.models.protobuf import Field

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
