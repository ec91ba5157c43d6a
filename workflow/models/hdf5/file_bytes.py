"""The bytes of an HDF5 file by offset and length, never beyond its end, and the tables of a group's members in them."""

from __future__ import annotations

import io
import struct
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from io import BufferedIOBase

    Piece = Callable[[bytes], int]
    from numpy.typing import NDArray

Kind = Literal["group", "data", "soft link", "external link", "other"]


class DamagedError(Exception):
    """The bytes are not those of a sound HDF5 file; the text says what is wrong."""


class RefusedError(DamagedError):
    """Nobody need try to read this file any further: it is cut short, or claims more than it holds."""


class TruncatedError(RefusedError):
    """The file ends before its own end."""


class UnusualError(Exception):
    """The file uses what h5py does not write by itself; libhdf5 may well read it."""


class Data(Protocol):
    """One array. ``shape`` is None for one without room; ``dtype`` a numpy name, or words for what are no numbers."""

    @property
    def identity(self) -> int:
        """A number that is the same for the same array however it was come by."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its shape."""

    @property
    def dtype(self) -> str:
        """The dtype of its values, as ``<f4``."""

    @property
    def is_numeric(self) -> bool:
        """Whether it holds plain numbers, so that ``dtype`` is one of numpy's."""

    @property
    def leads_away(self) -> bool:
        """Whether its values are in another file."""

    @property
    def is_packed(self) -> bool:
        """Whether it lies in chunks, which may be compressed."""

    @property
    def room(self) -> int:
        """The bytes that the file holds for it."""

    def blocks(self) -> Iterator[memoryview]:
        """Yield the bytes of all values in pieces, each of which is valid until the next is asked for; raises so."""

    def read(self) -> NDArray[Any]:
        """Return all values; raises ``DamagedError`` when they cannot be read."""


class FoundMember(NamedTuple):
    """What stands under a path: the last name of it that was looked for, what it is, and the group or array itself."""

    name: str
    kind: Kind | None
    group: Group | None = None
    data: Data | None = None


class Group(Protocol):
    """One group. Names come in the order of the file, which is that of their letters."""

    @property
    def name(self) -> str:
        """Its path from the root."""

    @property
    def identity(self) -> int:
        """A number that is the same for the same group however it was come by."""

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Its attributes; texts are ``str`` or ``bytes``, lists of them lists."""

    def __iter__(self) -> Iterator[str]:
        """Yield the names of its members."""

    def __len__(self) -> int:
        """Return the number of its members."""

    def kind(self, name: str) -> Kind | None:
        """Return what a member is, without following it; None where there is none."""

    def group(self, name: str) -> Group:
        """Return a member that is a group."""

    def data(self, name: str) -> Data:
        """Return a member that is an array."""

    def find(self, path: str) -> FoundMember:
        """Return what stands under a path below the group; a link on the way is what is found."""

    def below(self) -> list[tuple[str, FoundMember]]:
        """Return all that is no group below this one, by all of its names, each group gone into once."""


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


_TREE = struct.Struct("<4sBBHQQ")
_NODE = struct.Struct("<4sBxH")
_ENTRY = struct.Struct("<QQI4x16x")
_HEAP = struct.Struct("<4sB3xQQQ")
_SOFT, _KNOWN_KINDS = 2, (0, 1, 2)
_MOST_NODES = 1_000_000
_DEEPEST = 32


def links(source: FileBytes, tree: int, *, heap: int) -> dict[str, int | None]:
    """Return where the headers of a group's members are, in the order of the tree; None for a soft link.

    That has none: it is the name of another place.
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


def _names(source: FileBytes, at: int) -> bytes:
    signature, version, size, _, place = _HEAP.unpack(source.piece(at, _HEAP.size))
    if signature != b"HEAP" or version:
        raise DamagedError("the names of a group are not where they should be")
    return source.piece(place, size)


def _entries(source: FileBytes, root: int) -> Iterator[tuple[int, int | None]]:
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


def _children(source: FileBytes, at: int) -> tuple[int, list[int]]:
    signature, kind, level, used, _, _ = _TREE.unpack(source.piece(at, _TREE.size))
    if signature != b"TREE" or kind:
        raise DamagedError("the tree of a group is not where it should be")
    raw = source.piece(at + _TREE.size, 8 + 16 * used)
    return level, [child for _, child in struct.iter_unpack("<QQ", raw[: 16 * used])]


def _symbols(source: FileBytes, at: int) -> Iterator[tuple[int, int | None]]:
    signature, version, count = _NODE.unpack(source.piece(at, _NODE.size))
    if signature != b"SNOD" or version != 1:
        raise DamagedError("the symbols of a group are not where they should be")
    for name, address, kind in _ENTRY.iter_unpack(source.piece(at + _NODE.size, _ENTRY.size * count)):
        if kind not in _KNOWN_KINDS:
            raise UnusualError("a symbol of another kind")
        yield name, None if kind == _SOFT else address


_SYMBOLS_IN_NODE = 8
_NODES_IN_NODE = 32
_NO_FREE_ROOM = 1
_SYMBOL_BYTES = 40
_TREE_BYTES = 24 + 8 * (2 * _NODES_IN_NODE + 1)


def tree_of(places: Mapping[bytes, int], piece: Piece) -> tuple[int, int]:
    """Write the heap and the tree for members by name, and return where they are; ``piece`` places bytes.

    All pieces are of a fixed size, as the reader expects: 8 symbols or 32 nodes, whether they are there or not.
    """
    names = sorted(places)
    offsets, heap = _heap(names, piece)
    nodes = []
    for start in range(0, len(names), _SYMBOLS_IN_NODE):
        held = names[start : start + _SYMBOLS_IN_NODE]
        symbols = b"".join(struct.pack("<QQ24x", offsets[name], places[name]) for name in held)
        raw = struct.pack("<4sBxH", b"SNOD", 1, len(held)) + symbols
        nodes.append((piece(raw.ljust(8 + _SYMBOLS_IN_NODE * _SYMBOL_BYTES, b"\0")), offsets[held[-1]]))
    if not names:
        return heap, piece(_node(0, [], 0))
    level = 0
    while True:
        nodes = _level(nodes, level, piece)
        if len(nodes) == 1:
            return heap, nodes[0][0]
        level += 1


def _heap(names: list[bytes], piece: Piece) -> tuple[dict[bytes, int], int]:
    """Write the names, and return their offsets in the heap and where it is."""
    content = bytearray(8)
    offsets = {}
    for name in names:
        offsets[name] = len(content)
        content += name + bytes(8 - len(name) % 8)
    place = piece(bytes(content))
    return offsets, piece(struct.pack("<4sB3xQQQ", b"HEAP", 0, len(content), _NO_FREE_ROOM, place))


def _level(nodes: list[tuple[int, int]], level: int, piece: Piece) -> list[tuple[int, int]]:
    """Write the nodes above others, each of which comes with the offset of its last name, and return them likewise."""
    found = []
    before = 0
    for start in range(0, len(nodes), _NODES_IN_NODE):
        held = nodes[start : start + _NODES_IN_NODE]
        found.append((piece(_node(level, held, before)), held[-1][1]))
        before = held[-1][1]
    return found


def _node(level: int, children: list[tuple[int, int]], before: int) -> bytes:
    entries = b"".join(struct.pack("<QQ", place, last) for place, last in children)
    head = struct.pack("<4sBBHQQ", b"TREE", 0, level, len(children), UNDEFINED, UNDEFINED)
    return (head + struct.pack("<Q", before) + entries).ljust(_TREE_BYTES, b"\0")
