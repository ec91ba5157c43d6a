"""Bytes of any number read in pieces, through room that is used again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK_BYTES = 1 << 20  # large enough to keep the loop out of the way, small enough for the processor's cache

_MOST_KEPT = 8
_rooms: list[bytearray] = []  # fresh memory costs as much as reading into it


def in_blocks(count: int, fill: Callable[[int, memoryview], None]) -> Iterator[memoryview]:
    """Yield ``count`` bytes in blocks, each of which is valid until the next is asked for, or the iterator is gone.

    ``fill`` is called with a block's place among the bytes and the room for it. Several threads may do this at once.
    """
    try:
        room = _rooms.pop()
    except IndexError:
        room = bytearray(BLOCK_BYTES)
    try:
        whole = memoryview(room)
        for start in range(0, count, BLOCK_BYTES):
            part = whole[: count - start]
            fill(start, part)
            yield part
    finally:
        if len(_rooms) < _MOST_KEPT:
            _rooms.append(room)
