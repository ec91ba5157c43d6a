from __future__ import annotations

import pytest

from workflow.models.byte_blocks import BLOCK_BYTES, in_blocks


def counted(begin: int, room: memoryview) -> None:
    for place in range(len(room)):
        room[place] = (begin // BLOCK_BYTES + place) % 251


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (5, [5]), (BLOCK_BYTES, [BLOCK_BYTES]), (BLOCK_BYTES + 1, [BLOCK_BYTES, 1])]
)
def test_blocks_are_as_long_as_the_bytes(count: int, sizes: list[int]) -> None:
    asked: list[tuple[int, int]] = []
    assert [len(block) for block in in_blocks(count, lambda at, room: asked.append((at, len(room))))] == sizes
    assert asked == [(number * BLOCK_BYTES, size) for number, size in enumerate(sizes)]


def test_two_passes_at_once_do_not_share_their_room() -> None:
    one, other = in_blocks(3, counted), in_blocks(3, lambda _, room: room.__setitem__(slice(None), b"abc"))
    first, second = next(one), next(other)
    assert (first.tobytes(), second.tobytes()) == (b"\0\1\2", b"abc")


def test_room_is_used_again_also_after_a_failure() -> None:
    def fail(_: int, room: memoryview) -> None:
        places.add(id(room.obj))
        raise OSError

    places: set[int] = set()
    for _ in range(20):
        with pytest.raises(OSError):  # noqa: PT011  the one from above, which says nothing
            next(in_blocks(3, fail))
    assert len(places) == 1
