"""Unpacking an archive that somebody else made: plain files and folders, below the folder, and no more than allowed."""

from __future__ import annotations

import contextlib
import gzip
import os
import tarfile
import zlib
from typing import IO, TYPE_CHECKING

from workflow.base import wording
from workflow.base.records import Record
from workflow.base.storage import storing
from workflow.base.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_LONGEST_HEADER = 1 << 20  # names and attributes; tarfile reads them at once, however long they say that they are
_LONGEST_NAME, _DEEPEST = 4096, 64
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)


class UnpackError(Exception):
    """The archive cannot be unpacked, or would do more than write files into the folder; the text says what."""


class Room(Record):
    """How much may come out of an archive."""

    most_bytes: int
    most_members: int = 100_000


def unpack(archive: Path, folder: Path, *, room: Room) -> None:
    """Write the files of a tar archive, compressed by gzip or not, into a folder that exists and is empty.

    Raises ``UnpackError`` for anything but files and folders below the folder, for a name that comes twice, and for
    more than there is room for; what was written by then stays, for the caller to remove.
    """
    with _opened(archive, room) as tar:
        count = size = 0
        for member in tar:
            count += 1
            size += member.size
            if count > room.most_members:
                raise UnpackError(f"it holds more than {room.most_members:,} files")
            if size > room.most_bytes:
                raise UnpackError(f"it holds more than {room.most_bytes:,} bytes")
            _place(tar, member, folder)
        if not count:
            raise UnpackError("it holds nothing")


@contextlib.contextmanager
def _opened(archive: Path, room: Room) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as raw:
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        source: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        try:
            bounded = _Bounded(source, room.most_bytes)
            with tarfile.open(fileobj=bounded, mode="r:", errorlevel=2) as tar:  # type: ignore[call-overload]
                yield tar
        except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile, ValueError, UnicodeError) as error:
            words = wording.scrubbed(str(error))[:100] or type(error).__name__
            raise UnpackError(f"it is no tar archive, or a damaged one ({words})") from error


class _Bounded:
    """A file to read that ends in an error where it has more bytes than allowed, or is asked for too many at once."""

    def __init__(self, source: IO[bytes], most: int) -> None:
        self._source = source
        self._most = most

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise UnpackError("a name or an attribute in it is far too long")
        self._within(self.tell() + size)
        return self._source.read(size)

    def seek(self, place: int) -> int:
        self._within(place)
        return self._source.seek(place)

    def tell(self) -> int:
        return self._source.tell()

    def _within(self, place: int) -> None:
        if place > self._most + _LONGEST_HEADER:
            raise UnpackError(f"it holds more than {self._most:,} bytes")


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one member; nothing that stands there is replaced, and no link is ever made or followed."""
    target = folder.joinpath(*_parts(member.name))
    if member.isdir():
        with storing(target):
            target.mkdir(parents=True, exist_ok=True)
        return
    if member.type not in _FILES or member.issparse():
        raise UnpackError(f"{shown(member.name)} in it is no plain file: links and devices are not taken")
    source = tar.extractfile(member)
    if source is None or target == folder:
        raise UnpackError(f"{shown(member.name)} in it is no file")
    try:
        with storing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            sink = target.open("xb")
    except (FileExistsError, NotADirectoryError) as error:
        raise UnpackError(f"{shown(member.name)} is in it twice") from error
    with sink:
        while block := source.read(_BLOCK):
            with storing(target):
                sink.write(block)
    if target.stat().st_size != member.size:
        raise UnpackError(f"{shown(member.name)} in it is cut short")


def _parts(name: str) -> list[str]:
    """Return the parts of a member's name; raises ``UnpackError`` for what may lead out of the folder on any system."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    odd = name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or len(parts) > _DEEPEST
    drive = bool(parts) and len(parts[0]) > 1 and parts[0][1] == ":"
    if odd or drive or len(os.fsencode(name)) > _LONGEST_NAME:
        raise UnpackError(f"the name {shown(name)} in it leads out of its folder, or is impossible")
    return parts
