"""HDF5 files opened for reading: by ourselves as h5py writes them, by libhdf5 once it has been seen to survive them."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING

from workflow.formats.hdf5.blocks import UNDEFINED, Source
from workflow.formats.hdf5.model import DamagedError, RefusedError, TruncatedError, UnusualError
from workflow.formats.hdf5.objects import File, StoredGroup, require_known
from workflow.formats.hdf5.texts import Heaps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase

    from workflow.formats.hdf5.model import Group

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK = struct.Struct("<8sBBBxBBBxHHI4Q8xQ24x")
_EIGHT = 8


@contextlib.contextmanager
def opened(file: BufferedIOBase) -> Iterator[Group]:
    """Yield the root group of an HDF5 file that can be sought; raises ``DamagedError`` for one that is not sound.

    What is not as h5py writes it is first read from end to end by libhdf5 in a process of its own, whose crash or
    hanging is the file's fault and nobody's trouble.
    """
    root = _own(file)
    if root is not None:
        yield root
        return
    from workflow.formats.hdf5.library import opened_by_library  # noqa: PLC0415  brings h5py, and is rarely needed

    with opened_by_library(file) as other:
        yield other


def _own(file: BufferedIOBase) -> Group | None:
    """Return the root as we read it, when the whole structure is sound and as we know it."""
    try:
        root = _root(Source(file))
        require_known(root)
    except RefusedError:
        raise
    except (UnusualError, DamagedError):
        return None
    return root


def _root(source: Source) -> StoredGroup:
    fields = _SUPERBLOCK.unpack(source.piece(0, _SUPERBLOCK.size))
    signature, version, _, _, _, offsets, lengths, *_ = fields
    base, _, end, driver, place = fields[-5:]
    if signature != _SIGNATURE or version or (offsets, lengths) != (_EIGHT, _EIGHT):
        raise UnusualError("a superblock of another version")
    if base or driver != UNDEFINED:
        raise UnusualError("a file in parts")
    if end > source.size:
        raise TruncatedError(f"{source.size:,} bytes are there, and it was written with {end:,}")
    whole = File(source, Heaps(source))
    return StoredGroup(whole, whole.header(place), "/")
