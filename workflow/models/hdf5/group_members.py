"""The members of a group, read and written: a tree of nodes, their symbols, and the heap that holds the names."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from workflow.models.hdf5.data import DamagedError, UnusualError
from workflow.models.hdf5.file_bytes import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.models.hdf5.file_bytes import FileBytes

    Piece = Callable[[bytes], int]

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
