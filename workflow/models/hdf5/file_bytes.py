"""The bytes of an HDF5 file by offset and length, never beyond its end."""

from __future__ import annotations

import io
from threading import Lock
from typing import TYPE_CHECKING

from workflow.models.hdf5.data import DamagedError

if TYPE_CHECKING:
    from io import BufferedIOBase

UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF
"""The address of what has no place in the file."""

_PAGE_BITS = 16
_PAGE = 1 << _PAGE_BITS
_MOST_PAGES = 256
_LARGEST_PIECE = 64 << 20


class FileBytes:
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
