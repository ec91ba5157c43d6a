"""What a model points at stays inside it, and what it claims is there: before anything of it is read or unpacked.

The worker looks once more, on the bytes that Keras and TensorFlow read (``worker/containment``), by the same bounds.
"""

from __future__ import annotations

import mmap
import os
import stat
import zipfile
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown, some
from workflow.models.protobuf import LENGTH, Field, WireError, fields
from workflow.worker.shared.wording import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format

FREE = 256 << 20
"""Bytes that any model may claim, however small its files are: zeros compress a thousandfold."""

MOST_PACKED = 50
"""How many times more than its files a model may claim beyond that; trained weights hardly shrink."""

LARGEST_JSON = 32 << 20
"""Bytes of a description inside an archive, which compresses well and takes twenty times as much once it is read."""

_MEMBERS = frozenset({"config.json", "metadata.json", "model.weights.h5"})
_ASSETS = "assets/"
_MOST_MEMBERS = 10_000
_ENCRYPTED = 0x1
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


def is_likely(claimed: int, held: int) -> bool:
    """Tell whether so many bytes can be what ``held`` bytes of a file stand for."""
    return claimed <= most_likely(held)


def most_likely(held: int) -> int:
    """Return the most bytes that ``held`` bytes of a file can stand for."""
    return max(FREE, held * MOST_PACKED)


def is_below(name: str) -> bool:
    """Tell whether a path that is written in a model stays below where it starts, on any system."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    leads = posix.is_absolute() or windows.anchor or ".." in posix.parts or ".." in windows.parts
    return bool(name) and not leads and "\0" not in name and "://" not in name


def require_sound_archive(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise ``ModelFileError`` unless the members are a model's, once each, and can be in a file of this size."""
    members, held = archive.infolist(), path.stat().st_size
    if len(members) > _MOST_MEMBERS:
        raise ModelFileError(f"{path} has {len(members):,} members, which no model has", hint=_DISTRUST)
    seen: set[str] = set()
    for member in members:
        problem = _problem(member) or ("is there twice" if member.filename in seen else "")
        if problem:
            raise ModelFileError(f"{path}: its member {shown(member.filename)} {problem}", hint=_DISTRUST)
        seen.add(member.filename)
    claiming = [shown(member.filename) for member in members if member.compress_size > held]
    if claiming:
        raise ModelFileError(f"{path} is damaged: {some(claiming)} would take more bytes than it has", hint=_DISTRUST)
    if sum(member.compress_size for member in members) > held:
        raise ModelFileError(f"{path}: its members lie on top of each other", hint=_DISTRUST)
    claimed = sum(member.file_size for member in members)
    if not is_likely(claimed, held):
        what = shown(max(members, key=lambda member: member.file_size).filename)
        words = f"would be unpacked to {in_words(claimed)}, most of it {what}, and has {in_words(held)}"
        raise ModelFileError(f"{path} {words}", hint=_DISTRUST)


def _problem(member: zipfile.ZipInfo) -> str:
    name = member.filename
    if not is_below(name) or "\\" in name:
        return "leads out of it"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if name not in _MEMBERS and not name.startswith(_ASSETS):
        return f"is none of {', '.join(sorted(_MEMBERS))} and {_ASSETS}"
    if name.endswith(".json") and name in _MEMBERS and member.file_size > LARGEST_JSON:
        return f"claims {in_words(member.file_size)}, which no model needs"
    return ""


def _archive(path: Path) -> None:
    if not path.is_file():
        return
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
    root = path.resolve()
    for entry in _entries(root):
        where = shown(entry.relative_to(root).as_posix())
        if entry.is_symlink() and not entry.resolve().is_relative_to(root):
            raise ModelFileError(f"{path}: {where} is a link that leads out of the model's folder", hint=_LINKS)
        if entry.exists() and not (entry.is_file() or entry.is_dir()):
            raise ModelFileError(f"{path}: {where} is neither a file nor a folder", hint=_DISTRUST)
    graph = path / _GRAPH
    if graph.is_file() and graph.stat().st_size:
        _require_own_assets(graph)


def _entries(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        yield from (root / folder / name for name in (*folders, *files))


def _require_own_assets(graph: Path) -> None:
    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            names = list(_assets(data))
        except (WireError, IndexError):
            return  # it is no graph at all, which its inspection says
    for raw in names:
        name = raw.decode("utf-8", "surrogateescape")
        if not is_below(name) or "\\" in name:
            raise ModelFileError(
                f"{graph}: its asset {shown(name)} is not one of the files in its folder assets", hint=_DISTRUST
            )


def _assets(data: mmap.mmap) -> Iterator[bytes]:
    """Yield the names of all assets of a SavedModel, wherever either generation of TensorFlow keeps them."""
    for part in _members(data, Field(0, LENGTH, 0, len(data)), _META_GRAPH):
        yield from _texts(data, _members(data, part, _ASSET), _NAME_OF_ASSET)
        for collection in _members(data, part, _COLLECTION):
            if _ASSETS_KEY in _texts(data, [collection], _KEY):
                for listed in _members(data, collection, _VALUE):
                    for found in _members(data, listed, _ANY_LIST):
                        for packed in _members(data, found, 1):
                            yield from _texts(data, _members(data, packed, _ANY_VALUE), _NAME_OF_ASSET)


def _members(data: mmap.mmap, whole: Field, number: int) -> Iterator[Field]:
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
