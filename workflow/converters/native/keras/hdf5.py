"""HDF5 files that may be hostile: opened read-only, never led out of the file, nothing read before it is measured."""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from workflow.converters.native.keras.model import Stored
from workflow.errors import ModelFileError
from workflow.formats.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from workflow.converters.native.keras.model import Array

_AGAIN = "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
_DISTRUST = "Keras writes no such file: do not trust it."
_EOF = re.compile(r"eof = (\d+).*stored_eof = (\d+)")
_FREE = 64 << 20  # what a data set may take without being looked at twice
_MOST_PACKED = 100  # as much again as gzip makes of trained weights, which hardly shrink
_DEEPEST = 100  # levels of a configuration; Keras's own have some 20
_LARGEST_TEXT = 64 << 20
_CHUNK = 4 << 20
_HEAP = b"GCOL\x01"  # its version with it; three zeros follow, with which looking for it would take thrice as long
_HEAP_HEADER = 16  # bytes, of a heap and of each of its entries
_LARGEST_HEAP = 64 << 20
_KINDS = "fiub"


def require_sound_heaps(file: BinaryIO, where: str, *, checksum: int | None = None) -> None:
    """Raise ``ModelFileError`` for an HDF5 file on which the HDF5 library would hang, or of another CRC than this.

    Texts lie in heaps, "GCOL" and a length, whose entries the library walks; over a free one of no length forever.
    """
    found = 0
    before = b""
    start = file.seek(0)
    while chunk := file.read(_CHUNK):
        found = zlib.crc32(chunk, found) if checksum is not None else found
        window = before + chunk
        at = window.find(_HEAP)
        while at >= 0:
            _require_sound_heap(file, start - len(before) + at, where)
            at = window.find(_HEAP, at + 1)
        start += len(chunk)
        before = window[-len(_HEAP) + 1 :]
        file.seek(start)
    file.seek(0)
    if checksum is not None and found != checksum:
        raise damaged(where, "its bytes are not those that the archive was made of")


def _require_sound_heap(file: BinaryIO, at: int, where: str) -> None:
    file.seek(at)
    heap = file.read(_HEAP_HEADER)
    if any(heap[len(_HEAP) : 8]):
        return
    size = int.from_bytes(heap[8:], "little")
    heap += file.read(min(size, _LARGEST_HEAP) - _HEAP_HEADER) if size > _HEAP_HEADER else b""
    place = _HEAP_HEADER
    while place + _HEAP_HEADER <= len(heap):
        index = int.from_bytes(heap[place : place + 2], "little")
        length = int.from_bytes(heap[place + 8 : place + 16], "little")
        if not index and length < _HEAP_HEADER:
            raise damaged(where, "a heap of texts has an entry without end")
        place += _HEAP_HEADER + (length + 7) // 8 * 8 if index else length


@contextlib.contextmanager
def opened(file: BinaryIO, where: str, *, checksum: int | None = None) -> Iterator[Any]:
    """Yield the HDF5 file in an open binary file; what h5py cannot read becomes ``ModelFileError``.

    ``checksum`` is the CRC that it should have, where one is known.
    """
    import h5py  # noqa: PLC0415  brings numpy, which the light modules around do without

    require_sound_heaps(file, where, checksum=checksum)
    try:
        with h5py.File(file, "r") as root:
            yield root
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise damaged(where, str(error)) from error


def damaged(where: str, reason: str) -> ModelFileError:
    """Return the error for a file whose bytes are not what they should be."""
    sizes = _EOF.search(reason)
    if sizes:
        reason = f"{int(sizes[1]):,} bytes are there, and it was written with {int(sizes[2]):,}"
        return ModelFileError(f"{where} is cut short: {reason}", hint=_AGAIN)
    return ModelFileError(f"{where} is a damaged HDF5 file: {shown(reason)}", hint=_AGAIN)


def member(group: Any, name: str, *, where: str) -> Any:
    """Return what lies in a group under a name, or None; links that lead away are refused."""
    import h5py  # noqa: PLC0415  as above

    node = group
    for part in [part for part in name.split("/") if part]:
        link = node.get(part, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            what = "another file" if isinstance(link, h5py.ExternalLink) else "another place"
            raise ModelFileError(f"{where}: {shown(part)} is a link to {what}", hint=_DISTRUST)
        node = node[part]
    return node


def child_group(group: Any, name: str, *, where: str) -> Any:
    """Return the group under a name, or None if there is no group."""
    import h5py  # noqa: PLC0415  as above

    found = member(group, name, where=where) if group is not None else None
    return found if isinstance(found, h5py.Group) else None


def identity(group: Any) -> int:
    """Return a number that is the same for the same object however it was come by."""
    import h5py  # noqa: PLC0415  as above

    address: int = h5py.h5o.get_info(group.id).addr
    return address


def stored(group: Any, name: str, *, where: str) -> Stored:
    """Return the array under a name, unread; raises ``ModelFileError`` if it is none, or not to be trusted."""
    import h5py  # noqa: PLC0415  as above

    data = member(group, name, where=where)
    if not isinstance(data, h5py.Dataset):
        raise ModelFileError(f"{where}: the weight {shown(name)} of {group.name} is not in the file", hint=_AGAIN)
    _require_sound(data, f"{where}: the weight {shown(name)}")
    return Stored(name.removesuffix(":0"), tuple(data.shape), data.dtype, lambda: _read(data))


def text(value: object) -> str | None:
    """Return an attribute's text; None when it is something else."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def names(attributes: Any, key: str) -> list[str] | None:
    """Return a list of names, which Keras splits into ``key0``, ``key1``... when it is long; None if absent."""
    if key in attributes:
        return [text(name) or "" for name in attributes[key]]
    found: list[str] = []
    number = 0
    while f"{key}{number}" in attributes:
        found += [text(name) or "" for name in attributes[f"{key}{number}"]]
        number += 1
    return found if number else None


def parsed(raw: str, where: str) -> Any:
    """Return a JSON value of sane depth and size; raises ``ModelFileError``."""
    if len(raw) > _LARGEST_TEXT:
        raise ModelFileError(f"{where} is too large for a model", hint=_DISTRUST)
    try:
        value = json.loads(raw)
    except RecursionError as error:
        raise ModelFileError(f"{where} is nested too deeply for a model", hint=_DISTRUST) from error
    except ValueError as error:
        raise ModelFileError(f"{where} is not JSON ({error})", hint=_AGAIN) from error
    require_shallow(value, where)
    return value


def require_shallow(value: object, where: str) -> None:
    """Raise ``ModelFileError`` for a JSON value that is nested more deeply than any model."""
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return
        level = inner
    raise ModelFileError(f"{where} is nested too deeply for a model", hint=_DISTRUST)


def _require_sound(data: Any, what: str) -> None:
    if data.shape is None or data.dtype.kind not in _KINDS:
        raise ModelFileError(f"{what} holds {data.dtype}, not numbers", hint=_AGAIN)
    if data.is_virtual or data.external:
        raise ModelFileError(f"{what} takes its values from another file", hint=_DISTRUST)
    room = data.id.get_storage_size()
    plain = data.chunks is None
    if (plain and room < data.nbytes) or (data.nbytes > _FREE and data.nbytes > room * _MOST_PACKED):
        raise ModelFileError(f"{what} claims {data.nbytes:,} bytes, of which the file holds {room:,}", hint=_DISTRUST)


def _read(data: Any) -> Array:
    array: Array = data[()]
    return array
