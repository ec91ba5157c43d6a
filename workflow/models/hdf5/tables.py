"""The members of a group as they stand in a file: a heap of names, and a tree of nodes of symbols in their order."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from workflow.models.hdf5.blocks import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Piece = Callable[[bytes], int]

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
