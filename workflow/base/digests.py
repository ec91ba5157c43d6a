"""Hashes of files and folders: what skip keys and records are made of."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_BLOCK = 1 << 22


class FileDigest(Record):
    """The sha256 (hex) and size in bytes of one file."""

    sha256: str
    size: int


Digests = dict[str, FileDigest]
"""File name relative to the artifact's root (``/`` as separator) -> digest."""


def file_digest(path: Path) -> FileDigest:
    """Hash one file as a stream; raises ``OSError`` when it cannot be read.

    Within one process a file is read once for as long as its inode, size and times stay the same: the artifact in the
    middle of a recipe is an output and the input of several steps.
    """
    return _read(path, file_state(path))


def file_state(path: Path) -> tuple[int, ...]:
    """Return what differs when a file is written to or replaced: device, inode, size, times. Raises ``OSError``."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@functools.lru_cache(maxsize=100_000)
def _read(path: Path, state: tuple[int, ...]) -> FileDigest:
    hasher = hashlib.sha256()
    size = 0
    _, _, expected, *_ = state
    room = memoryview(bytearray(min(_BLOCK, expected + 1)))
    thread = threading.current_thread()
    with path.open("rb", buffering=0) as source:
        while count := source.readinto(room):
            hasher.update(room[:count])
            size += count
            if isinstance(thread, _Ahead) and thread.unwanted:
                raise _UnwantedError
    return FileDigest(hasher.hexdigest(), size)


class _UnwantedError(Exception):
    """Nobody is going to ask for what is being hashed."""


class _Ahead(threading.Thread):
    """Hashes one thing after the other; what cannot be read is left to those who ask for it."""

    def __init__(self, hashing: Iterable[Callable[[], object]]) -> None:
        super().__init__(name="hashing ahead", daemon=True)
        self.unwanted = False
        self._hashing = hashing

    def run(self) -> None:
        for each in self._hashing:
            if not self.unwanted:
                with contextlib.suppress(Exception):  # whoever asks for it later meets the same, and reports it
                    each()


@contextlib.contextmanager
def ahead(*hashing: Callable[[], object]) -> Iterator[None]:
    """Hash on another processor, while the block does other work, what will be asked for after it.

    At the block's end all is hashed; when the block fails, hashing stops where it is. No file stays open.
    """
    thread = _Ahead(hashing)
    thread.start()
    try:
        yield
    except BaseException:
        thread.unwanted = True
        raise
    finally:
        thread.join()


def artifact_digests(path: Path) -> Digests:
    """Hash a published artifact: one file, or every file below a directory. Empty when nothing is there."""
    files, root = artifact_files(path)
    return digests_of(files, root=root)


def artifact_files(path: Path) -> tuple[list[Path], Path]:
    """Return the files of an artifact, and the folder that their names count from.

    What a link in a folder leads to outside of it is no file of the artifact, and is not so much as opened.
    """
    if path.is_dir():
        root = path.resolve()
        return [file for file in path.rglob("*") if _is_inside(file, root) and file.is_file()], path
    return [path] if path.is_file() else [], path.parent


def _is_inside(file: Path, root: Path) -> bool:
    return not file.is_symlink() or file.resolve().is_relative_to(root)


def digests_of(files: Iterable[Path], *, root: Path) -> Digests:
    """Hash ``files``, named relative to ``root``, in the order of their names."""
    named = sorted((file.relative_to(root).as_posix(), file) for file in files)
    return {name: file_digest(file) for name, file in named}


def text_digest(value: Any) -> str:
    """Return the sha256 (hex) of a JSON-able value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def to_json(digests: Digests) -> dict[str, dict[str, Any]]:
    """Return digests as plain JSON."""
    return {name: {"sha256": digest.sha256, "bytes": digest.size} for name, digest in digests.items()}


def from_json(value: Mapping[str, Mapping[str, Any]]) -> Digests:
    """Return digests from what ``to_json`` gave."""
    return {name: FileDigest(str(entry["sha256"]), int(entry["bytes"])) for name, entry in value.items()}


def total_bytes(digests: Digests) -> int:
    """Return the number of bytes of all files together."""
    return sum(digest.size for digest in digests.values())
