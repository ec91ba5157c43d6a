"""The bytes of an HDF5 file by offset and length, never beyond its end, and the tables of names that lie in them."""

from __future__ import annotations

import io
import struct
from threading import Lock
from typing import TYPE_CHECKING

from workflow.models.hdf5.data import DamagedError, UnusualError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase

UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF
"""The address of what has no place in the file."""

_PAGE_BITS = 16
_PAGE = 1 << _PAGE_BITS
_MOST_PAGES = 256
_LARGEST_PIECE = 64 << 20
_TREE = struct.Struct("<4sBBHQQ")
_NODE = struct.Struct("<4sBxH")
_ENTRY = struct.Struct("<QQI4x16x")
_HEAP = struct.Struct("<4sB3xQQQ")
_SOFT, _KNOWN_KINDS = 2, (0, 1, 2)
_MOST_NODES = 1_000_000
_DEEPEST = 32


class Source:
    """An open file: small pieces are read through pages that are kept, arrays straight into their room.

    Several threads may read; each waits for the others.
    """

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        self._pages: dict[int, bytes] = {}
        self._alone = Lock()

    def piece(self, at: int, count: int) -> bytes:
        """Return ``count`` bytes; raises ``DamagedError`` when the file ends before them."""
        page, begin = self._pages.get(at >> _PAGE_BITS, b""), at & (_PAGE - 1)
        if 0 <= count <= len(page) - begin:
            return page[begin : begin + count]
        if count > _LARGEST_PIECE:
            raise DamagedError(f"a piece of its structure takes {count:,} bytes")
        self.require(at, count)
        first, last = at >> _PAGE_BITS, (at + count - 1) >> _PAGE_BITS
        if first == last:
            begin = at - first * _PAGE
            return self._page(first)[begin : begin + count]
        if last - first > 1:
            self._file.seek(at)
            return self._exactly(count)
        joined = self._page(first) + self._page(last)
        begin = at - first * _PAGE
        return joined[begin : begin + count]

    def some(self, at: int, *, least: int, most: int) -> bytes:
        """Return ``most`` bytes, or as many as there are; raises ``DamagedError`` for fewer than ``least``."""
        return self.piece(at, max(least, min(most, self.size - at)))

    def fill(self, at: int, room: memoryview) -> None:
        """Read into ``room`` what stands at an offset."""
        self.require(at, len(room))
        with self._alone:
            self._file.seek(at)
            while room:
                count = self._file.readinto(room)
                if not count:
                    raise DamagedError("it became shorter while it was read")
                room = room[count:]

    def require(self, at: int, count: int) -> None:
        """Raise ``DamagedError`` unless these bytes are in the file."""
        if count < 0 or at < 0 or at + count > self.size:
            raise DamagedError(f"its structure points to byte {at + count:,}, and it ends at {self.size:,}")

    def _page(self, number: int) -> bytes:
        found = self._pages.get(number)
        if found is None:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            self._file.seek(number * _PAGE)
            found = self._pages[number] = self._exactly(min(_PAGE, self.size - number * _PAGE))
        return found

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            part = self._file.read(count)
            if not part:
                raise DamagedError("it became shorter while it was read")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def links(source: Source, tree: int, *, heap: int) -> dict[str, int | None]:
    """Return where the headers of a group's members are, in the order of the tree; None for a soft link.

    A group is a tree of nodes with their symbols, and a heap with the names. A soft link has no header: it is the name
    of another place.
    """
    names = _names(source, heap)
    found: dict[str, int | None] = {}
    for offset, link in _entries(source, tree):
        end = names.find(b"\0", offset)
        if offset >= len(names) or end < 0:
            raise DamagedError("a name in a group has no end")
        try:
            name = names[offset:end].decode()
        except UnicodeDecodeError as error:
            raise UnusualError("a name that is not UTF-8") from error
        if name in found or not name or "/" in name:
            raise DamagedError(f"a group holds {name[:80]!r} twice, or cannot hold it")
        found[name] = link
    return found


def _names(source: Source, at: int) -> bytes:
    signature, version, size, _, place = _HEAP.unpack(source.piece(at, _HEAP.size))
    if signature != b"HEAP" or version:
        raise DamagedError("the names of a group are not where they should be")
    return source.piece(place, size)


def _entries(source: Source, root: int) -> Iterator[tuple[int, int | None]]:
    waiting = [(root, _DEEPEST)]
    seen: set[int] = set()
    while waiting:
        at, limit = waiting.pop()
        if at in seen or len(seen) > _MOST_NODES:
            raise DamagedError("the tree of a group holds itself")
        seen.add(at)
        if limit < 0:
            yield from _symbols(source, at)
            continue
        level, children = _children(source, at)
        if level >= limit:
            raise DamagedError("the tree of a group is too deep")
        waiting += [(child, level or -1) for child in reversed(children)]


def _children(source: Source, at: int) -> tuple[int, list[int]]:
    signature, kind, level, used, _, _ = _TREE.unpack(source.piece(at, _TREE.size))
    if signature != b"TREE" or kind:
        raise DamagedError("the tree of a group is not where it should be")
    raw = source.piece(at + _TREE.size, 8 + 16 * used)
    return level, [child for _, child in struct.iter_unpack("<QQ", raw[: 16 * used])]


def _symbols(source: Source, at: int) -> Iterator[tuple[int, int | None]]:
    signature, version, count = _NODE.unpack(source.piece(at, _NODE.size))
    if signature != b"SNOD" or version != 1:
        raise DamagedError("the symbols of a group are not where they should be")
    for name, address, kind in _ENTRY.iter_unpack(source.piece(at + _NODE.size, _ENTRY.size * count)):
        if kind not in _KNOWN_KINDS:
            raise UnusualError("a symbol of another kind")
        yield name, None if kind == _SOFT else address
