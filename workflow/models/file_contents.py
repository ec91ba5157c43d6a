"""What a file really holds, told by its bytes; whether that is what should be there, and what was read of it before."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown, some

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

_HEAD = 4096
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MANGLED_HDF5 = (
    b"\x89HDF\n\x1a\n",  # CR LF became LF
    b"\x89HDF\r\r\n\x1a\r\n",  # LF became CR LF
    b"\x89HDF\r\n\x1a\r\n",  # a lone LF became CR LF
    b"\xef\xbf\xbdHDF",  # read as UTF-8 with replacement characters
    b"\xc2\x89HDF",  # read as Latin-1, written as UTF-8
)
_LFS = b"version https://git-lfs.github.com/spec/"


class Content(Record):
    """What a file holds: a name for code, a phrase that completes "it is ...", and what to do about it."""

    name: str
    phrase: str
    hint: str


EMPTY = Content("empty", "it is empty", "Get the file again: the download or the save was interrupted.")
HDF5 = Content("hdf5", "it is an HDF5 file", "If it is a Keras model, its format is `keras`.")
ZIP = Content(
    "zip",
    "it is a zip archive, as Keras writes .keras files",
    "If it is a Keras archive, its format is `keras_keras`, with a name in .keras; unpack other archives.",
)
MANGLED = Content(
    "mangled",
    "it is an HDF5 file whose line ends were changed, so that its bytes are damaged for good",
    "Get the file again without conversion: put `*.h5 binary` into .gitattributes, use ftp in binary mode.",
)
HTML = Content(
    "html",
    "it is a web page",
    "The download returned a page (a login, an error, a preview) in place of the file: fetch the raw file.",
)
JSON = Content("json", "it is a JSON file", "A model.json has the format `tfjs_layers_model` or `tfjs_graph_model`.")
GZIP = Content("gzip", "it is a gzip archive", "Unpack it first.")
TFLITE = Content(
    "tflite",
    "it is a TensorFlow Lite model",
    "TensorFlow Lite models cannot be converted back: use the model that it was made from.",
)
LFS_HINT = "Fetch the real file with `git lfs pull`, or download it from the repository's web page."


def recognise(path: Path) -> Content:
    """Return what the file holds; raises ``OSError`` when it cannot be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for matches, content in _BY_HEAD:
        if matches(head):
            return content
    if head.startswith(_LFS):
        return _lfs_pointer(head)
    return HDF5 if _has_user_block(path) else _unknown(head)


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _is_html(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head"))


def _is_json(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))


_BY_HEAD: tuple[tuple[Callable[[bytes], bool], Content], ...] = (
    (lambda head: not head, EMPTY),
    (_starts(_HDF5), HDF5),
    (_starts(*_MANGLED_HDF5), MANGLED),
    (_starts(b"PK\x03\x04", b"PK\x05\x06"), ZIP),
    (_starts(b"\x1f\x8b"), GZIP),
    (lambda head: head[4:8] == b"TFL3", TFLITE),
    (_is_html, HTML),
    (_is_json, JSON),
)


def _lfs_pointer(head: bytes) -> Content:
    size = re.search(rb"^size (\d{1,18})\s*$", head, re.MULTILINE)
    stands_for = f" that stands for a file of {int(size[1]):,} bytes" if size else ""
    return Content("lfs", f"it is a git-LFS pointer{stands_for}", LFS_HINT)


def _has_user_block(path: Path) -> bool:
    """HDF5 allows foreign bytes in front: the signature then stands at 512, 1024, 2048..."""
    size = path.stat().st_size
    offset = 512
    with path.open("rb") as file:
        while offset < size:
            file.seek(offset)
            if file.read(len(_HDF5)) == _HDF5:
                return True
            offset *= 2
    return False


def _unknown(head: bytes) -> Content:
    start = head[:8].hex(" ")
    return Content("unknown", f"it begins with the bytes {start}", "Check that this is the file you meant.")


_FOLDERS = (
    (
        "saved_model.pb",
        "a SavedModel folder",
        "Its format is `tf_saved_model`, or `keras_saved_model` for layers.",
    ),
    (
        "model.json",
        "a TensorFlow.js model folder",
        "Its format is `tfjs_layers_model` or `tfjs_graph_model`.",
    ),
    ("variables.index", "the variables folder of a SavedModel", "Give the folder above it."),
)


def require_file(path: Path, wanted: str) -> None:
    """Raise ``ModelFileError`` unless there is a regular file; ``wanted`` reads like "a Keras HDF5 file"."""
    _require_anything(path, wanted)
    if path.is_dir():
        what, hint = folder_kind(path)
        raise ModelFileError(f"{path} is {what}, and {wanted} is needed", hint=hint)
    if not path.is_file():
        raise ModelFileError(f"{path} is not a regular file, and {wanted} is needed", hint="Give the model's file.")


def require_folder(path: Path, wanted: str) -> None:
    """Raise ``ModelFileError`` unless there is a folder; ``wanted`` reads like "a SavedModel folder"."""
    _require_anything(path, wanted)
    if not path.is_dir():
        content = recognise(path) if path.is_file() else None
        reason = f" ({content.phrase})" if content and content.name != "unknown" else ""
        hint = "Give the folder that holds saved_model.pb." if path.name == "saved_model.pb" else ""
        hint = hint or (content.hint if content else "")
        raise ModelFileError(f"{path} is a file{reason}, and {wanted} is needed", hint=hint)


def require_content(path: Path, wanted: str, *, names: tuple[str, ...]) -> Content:
    """Return the content of a file if it is one of those named, else raise ``ModelFileError``."""
    content = recognise(path)
    if content.name not in names:
        raise ModelFileError(f"{path} is not {wanted}: {content.phrase}", hint=content.hint)
    return content


def folder_kind(path: Path) -> tuple[str, str]:
    """Return what sort of folder this is, as a phrase, and a hint on how to use it."""
    for member, what, hint in _FOLDERS:
        if (path / member).exists():
            return what, hint
    return "a folder", "Give the model's file inside it."


def _require_anything(path: Path, wanted: str) -> None:
    try:
        found = path.exists()
        link = path.is_symlink()
    except (
        OSError,
        ValueError,
    ) as error:  # a NUL, a lone surrogate, a name too long, a folder that is closed to us
        raise ModelFileError(f"{shown(str(path))} cannot be read: {error}", hint="Check the path.") from error
    if found:
        return
    if link:
        raise ModelFileError(f"{path} is a link to {path.readlink()}, which does not exist", hint="Restore its target.")
    raise ModelFileError(f"{path} does not exist, and {wanted} is needed", hint=_nearby(path))


def _nearby(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either: check the path."
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    import difflib  # noqa: PLC0415  only where there is no such file

    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"Did you mean {folder / close[0]}?"
    return f"The folder holds {some(names)}." if names else f"The folder {folder} is empty."


Found = TypeVar("Found")

_TICK = 20_000_000
"""Nanoseconds, more than a tick of the clock of any file system that counts finely."""

_COARSE_TICK = 2_000_000_000
"""Likewise of one that counts in seconds, or in pairs of them."""

_FINE = 1_000_000


def settled(status: os.stat_result) -> tuple[int, ...]:
    """Return what the system knows a file by: device, inode, size, times; nothing where that may not tell it apart.

    That is so for a file that was written a moment ago: it could be written once more within one tick of the clock.
    """
    if not status.st_ino:  # a file system that does not tell its files apart
        return ()
    last = max(status.st_mtime_ns, status.st_ctime_ns)
    if last + (_TICK if status.st_mtime_ns % _FINE else _COARSE_TICK) > time.time_ns():
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Kept(Generic[Found]):
    """The last things that were read, by what the system knows their files by. Several threads may ask."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[tuple[object, ...], Found] = OrderedDict()
        self._alone = Lock()

    def find(self, key: tuple[object, ...]) -> Found | None:
        """Return what was read of a file in this state; None where it was not, or is kept no longer."""
        with self._alone:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def keep(self, key: tuple[object, ...], found: Found) -> None:
        """Keep what was read, in place of what has not been asked for the longest; an empty key is none."""
        if key:
            with self._alone:
                self._found[key] = found
                self._found.move_to_end(key)
                while len(self._found) > self._most:
                    self._found.popitem(last=False)
