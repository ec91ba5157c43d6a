"""Just enough of the protobuf wire format to tell what kind of message a file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class _Bytes(Protocol):
        """What ``bytes`` and a memory map have in common."""

        def __getitem__(self, index: int, /) -> int: ...


VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10


class WireError(ValueError):
    """The bytes are no protobuf message."""


class Field(Record):
    """One field of a message: its number, wire type, and where its payload begins and ends."""

    number: int
    wire: int
    start: int
    end: int


def fields(data: _Bytes, start: int, *, end: int) -> Iterator[Field]:
    """Yield the fields of the message between two offsets, skipping over payloads; raises ``WireError``."""
    while start < end:
        key, start = _varint(data, start, end=end)
        number, wire = key >> 3, key & 7
        stop = _payload_end(data, start, wire=wire, end=end)
        if wire == LENGTH:
            _, start = _varint(data, start, end=end)
        if number == 0 or stop > end:
            raise WireError(f"a field reaches to {stop}, past {end}")
        yield Field(number=number, wire=wire, start=start, end=stop)
        start = stop


def _payload_end(data: _Bytes, start: int, *, wire: int, end: int) -> int:
    if wire in _FIXED:
        return start + _FIXED[wire]
    if wire not in (VARINT, LENGTH):
        raise WireError(f"unknown wire type {wire}")
    value, after = _varint(data, start, end=end)
    return after + value if wire == LENGTH else after


def _varint(data: _Bytes, start: int, *, end: int) -> tuple[int, int]:
    value = 0
    for position in range(start, min(start + _LONGEST_VARINT, end)):
        byte = data[position]
        value |= (byte & 127) << 7 * (position - start)
        if byte < 128:  # noqa: PLR2004  the top bit says that more follows
            return value, position + 1
    raise WireError(f"an unfinished number at {start}")
