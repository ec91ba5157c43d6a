"""Attributes and the heaps that their texts lie in."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.models.hdf5 import values
from workflow.models.hdf5.data import DamagedError, UnusualError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.models.hdf5.blocks import Source
    from workflow.models.hdf5.values import Datatype

_HEAP = struct.Struct("<4sB3xQ")
_ENTRY = struct.Struct("<HH4xQ")
_POINTER = struct.Struct("<IQI")
_SIZES = struct.Struct("<HHH")
_FIXED = 8  # bytes before an attribute's name
_PADDED, _PLAIN, _WITH_CHARSET = 1, 2, 3
_LETTERS = {"b1": "?", "f2": "e", "f4": "f", "f8": "d"}
_LETTERS |= {f"i{1 << power}": letter for power, letter in enumerate("bhiq")}
_LETTERS |= {f"u{1 << power}": letter for power, letter in enumerate("BHIQ")}
_LARGEST_HEAP = 64 << 20
_MOST_VALUES = 1_000_000


class RawAttribute(Record):
    """An attribute's type, shape and bytes."""

    type: Datatype
    shape: tuple[int, ...] | None
    raw: bytes


class Heaps:
    """The heaps of one file, each of which is taken apart once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[int, dict[int, bytes]] = {}

    def text(self, at: int, index: int) -> bytes:
        """Return one entry of the heap at an offset; raises ``DamagedError`` where it is not."""
        if at not in self._known:
            self._known[at] = self._entries(at)
        found = self._known[at].get(index)
        if found is None:
            raise DamagedError("a text is not in the heap that should hold it")
        return found

    def _entries(self, at: int) -> dict[int, bytes]:
        signature, version, size = _HEAP.unpack(self._source.piece(at, _HEAP.size))
        if signature != b"GCOL" or version != 1 or not _HEAP.size <= size <= _LARGEST_HEAP:
            raise DamagedError("a heap of texts is not where it should be")
        raw = self._source.piece(at, size)
        found: dict[int, bytes] = {}
        place = _HEAP.size
        while place + _ENTRY.size <= size:
            index, _, length = _ENTRY.unpack_from(raw, place)
            if not index:
                break  # the rest is free
            place += _ENTRY.size
            if place + length > size or index in found:
                raise DamagedError("a heap of texts holds more than it has room for")
            found[index] = raw[place : place + length]
            place += (length + 7) // 8 * 8
        return found


def attribute(body: bytes) -> tuple[str, RawAttribute]:
    """Return the name and the bytes of an attribute."""
    if len(body) < _FIXED:
        raise DamagedError("an attribute is cut short")
    version, flags = body[0], body[1]
    if version not in (_PADDED, _PLAIN, _WITH_CHARSET) or (version != _PADDED and flags):
        raise UnusualError("an attribute of another version")
    sizes = _SIZES.unpack_from(body, 2)
    at = _FIXED + (version == _WITH_CHARSET)
    parts = []
    for size in sizes:
        parts.append(body[at : at + size])
        at += (size + 7) // 8 * 8 if version == _PADDED else size
    name, kind, space = parts
    if len(space) < sizes[2]:
        raise DamagedError("an attribute is cut short")
    try:
        text = name.rstrip(b"\0").decode()
    except UnicodeDecodeError as error:
        raise UnusualError("an attribute's name that is not UTF-8") from error
    return text, RawAttribute(values.datatype(kind), values.shape_of(space), body[at:])


def value(found: RawAttribute, heaps: Heaps) -> Any:
    """Return an attribute's value: a text, a number, or a flat list of either; raises ``UnusualError`` for others."""
    shape, kind = found.shape, found.type
    if shape is None:
        return []
    count = math.prod(shape)
    if count > _MOST_VALUES or count * kind.size > len(found.raw):
        raise DamagedError(f"an attribute claims {count:,} values, and has {len(found.raw):,} bytes")
    read = _reader(kind, heaps)
    found_values = [read(found.raw[at : at + kind.size]) for at in range(0, count * kind.size, kind.size)]
    return found_values if shape else found_values[0]


def require_readable(found: RawAttribute) -> None:
    """Raise ``UnusualError`` for an attribute whose value cannot be read here."""
    kind = found.type
    if not (kind.is_numeric or kind.code == "text" or (kind.code == "variable text" and kind.size == _POINTER.size)):
        raise UnusualError(f"an attribute of {kind.code}")


def _reader(kind: Datatype, heaps: Heaps) -> Callable[[bytes], Any]:
    if kind.code == "text":
        return lambda raw: raw.rstrip(b"\0")
    if kind.code == "variable text" and kind.size == _POINTER.size:
        return lambda raw: _pointed(raw, heaps)
    if not kind.is_numeric:
        raise UnusualError(f"an attribute of {kind.code}")
    number = struct.Struct(kind.code[0].replace("|", "<") + _LETTERS[kind.code[1:]])
    return lambda raw: number.unpack(raw)[0]


def _pointed(raw: bytes, heaps: Heaps) -> str:
    length, at, index = _POINTER.unpack(raw)
    if not length:
        return ""
    found = heaps.text(at, index)
    if length > len(found):
        raise DamagedError("a text is longer than its place in the heap")
    return found[:length].decode("utf-8", "surrogateescape")
