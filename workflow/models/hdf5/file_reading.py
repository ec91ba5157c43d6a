"""HDF5 files opened for reading: by ourselves as h5py writes them, by libhdf5 once it has been seen to survive them."""

from __future__ import annotations

import contextlib
import os
import struct
from typing import TYPE_CHECKING

from workflow.models.file_contents import Kept, settled
from workflow.models.hdf5.file_bytes import (
    UNDEFINED,
    DamagedError,
    FileBytes,
    RefusedError,
    TruncatedError,
    UnusualError,
)
from workflow.models.hdf5.objects import File, StoredGroup, require_known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase

    from workflow.models.hdf5.file_bytes import Group
    from workflow.models.hdf5.objects import Header

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK = struct.Struct("<8sBBBxBBBxHHI4Q8xQ24x")
_EIGHT = 8
_MOST_KEPT = 20_000


@contextlib.contextmanager
def opened(file: BufferedIOBase) -> Iterator[Group]:
    """Yield the root group of an HDF5 file that can be sought; raises ``DamagedError`` for one that is not sound.

    What is not as h5py writes it is first rewritten by libhdf5 in a process of its own, behind a wall, whose crash or
    hanging is the file's fault and nobody's trouble.
    """
    root = _own(file)
    if root is not None:
        yield root
        return
    from workflow.models.hdf5.library import opened_by_library  # noqa: PLC0415  starts a process, and is rarely needed

    with opened_by_library(file, plain) as other:
        yield other


def plain(file: BufferedIOBase) -> Group:
    """Return the root group of a file as we know it; raises ``DamagedError`` for all others."""
    root = _own(file)
    if root is None:
        raise DamagedError("it is no plain HDF5 file even when libhdf5 has written it anew")
    return root


_SOUND: Kept[dict[int, Header]] = Kept(1)
"""The last file that was found to be sound: its headers need not be taken apart again when it is opened again."""


def _key(file: BufferedIOBase) -> tuple[int, ...]:
    """Return what the system knows a file by; nothing where it lies inside another, or was written just now."""
    try:
        return settled(os.fstat(file.fileno()))
    except OSError:
        return ()


def _own(file: BufferedIOBase) -> Group | None:
    """Return the root as we read it, when the whole structure is sound and as we know it."""
    key = _key(file)
    known = _SOUND.find(key)
    try:
        whole = File(FileBytes(file), {} if known is None else known)
        root = _root(whole)
        if known is None:
            require_known(root)
    except RefusedError:
        raise
    except (UnusualError, DamagedError):
        return None
    if len(whole.headers) <= _MOST_KEPT:
        _SOUND.keep(key, whole.headers)
    return root


def _root(whole: File) -> StoredGroup:
    fields = _SUPERBLOCK.unpack(whole.source.piece(0, _SUPERBLOCK.size))
    signature, version, _, _, _, offsets, lengths, *_ = fields
    base, _, end, driver, place = fields[-5:]
    if signature != _SIGNATURE or version or (offsets, lengths) != (_EIGHT, _EIGHT):
        raise UnusualError("a superblock of another version")
    if base or driver != UNDEFINED:
        raise UnusualError("a file in parts")
    if end > whole.source.size:
        raise TruncatedError(f"{whole.source.size:,} bytes are there, and it was written with {end:,}")
    return StoredGroup(whole, whole.header(place), "/")
