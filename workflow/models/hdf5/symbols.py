"""The members of a group: a tree of nodes, their symbols, and the heap that holds the names."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from workflow.models.hdf5.data import DamagedError, UnusualError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.models.hdf5.blocks import Source

_TREE = struct.Struct("<4sBBHQQ")
_NODE = struct.Struct("<4sBxH")
_ENTRY = struct.Struct("<QQI4x16x")
_HEAP = struct.Struct("<4sB3xQQQ")
_SOFT, _KNOWN_KINDS = 2, (0, 1, 2)
_MOST_NODES = 1_000_000
_DEEPEST = 32


def links(source: Source, tree: int, *, heap: int) -> dict[str, int | None]:
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
