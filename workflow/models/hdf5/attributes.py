"""Attributes, the heaps that their texts lie in, and the descriptions of values that arrays have as well."""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from workflow.base.records import Record
from workflow.models.hdf5.file_bytes import DamagedError, UnusualError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.models.hdf5.file_bytes import FileBytes

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


class RawAttribute(NamedTuple):
    """An attribute's type, shape and bytes."""

    type: Datatype
    shape: tuple[int, ...] | None
    raw: bytes


class Heaps:
    """The heaps of one file, each of which is taken apart once."""

    def __init__(self, source: FileBytes) -> None:
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
    return text, RawAttribute(datatype(kind), shape_of(space), body[at:])


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


_INTEGER, _FLOAT, _TEXT, _ENUMERATION, _VARIABLE = 0, 1, 3, 8, 9
_NAMES = {
    2: "a time",
    4: "a bit field",
    5: "opaque bytes",
    6: "a compound",
    7: "a reference",
    _ENUMERATION: "an enumeration",
    _VARIABLE: "a list of variable length",
    10: "an array",
}
_FLOATS = {  # offset and precision in bits, places and sizes of exponent and mantissa, bias
    2: (0, 16, 10, 5, 0, 10, 15),
    4: (0, 32, 23, 8, 0, 23, 127),
    8: (0, 64, 52, 11, 0, 52, 1023),
}
_FLOAT_PARTS = struct.Struct("<HHBBBBI")
_BIG, _SIGNED = 0x01, 0x08
_NORMALIZED = 0x20  # the leading one of the mantissa is implied, as IEEE 754 has it
_MOST_AXES = 32
_VERSIONS = (1, 2, 3)
_TRUE_AND_FALSE = {b"FALSE": 0, b"TRUE": 1}
_LARGEST = 1 << 48
_NO_ROOM = 2
_KEPT = 64  # descriptions that are remembered: most arrays of a file have one of a few


class Datatype(Record):
    """``code`` is numpy's for numbers, "text" or "variable text", else words for something else."""

    code: str
    size: int
    is_numeric: bool = False


@lru_cache(_KEPT)
def datatype(raw: bytes) -> Datatype:
    """Return what a datatype message says; raises ``UnusualError`` for what it does not understand."""
    _need(raw, 8)
    kind, version = raw[0] & 0x0F, raw[0] >> 4
    size = int.from_bytes(raw[4:8], "little")
    if version not in _VERSIONS or not size:
        raise UnusualError("a datatype of another version")
    rule = {_INTEGER: _whole, _FLOAT: _float, _TEXT: _text, _ENUMERATION: _truth, _VARIABLE: _variable}.get(kind)
    return rule(raw, size) if rule else Datatype(_NAMES.get(kind, "something unknown"), size)


@lru_cache(_KEPT)
def shape_of(raw: bytes) -> tuple[int, ...] | None:
    """Return the shape that a dataspace message says; None for one without room."""
    _need(raw, 4)
    version, rank, flags = raw[0], raw[1], raw[2]
    begin = {1: 8, 2: 4}.get(version)
    if begin is None or rank > _MOST_AXES or flags & ~1:
        raise UnusualError("a dataspace of another version")
    if version == _NO_ROOM and raw[3] == _NO_ROOM:
        return None
    _need(raw, begin + 8 * rank)
    shape = struct.unpack_from(f"<{rank}Q", raw, begin)
    if math.prod(max(size, 1) for size in shape) > _LARGEST:
        raise DamagedError(f"an array claims the shape {shape}")
    return shape


def _whole(raw: bytes, size: int) -> Datatype:
    _need(raw, 12)
    if size not in (1, 2, 4, 8) or raw[8:12] != struct.pack("<HH", 0, size * 8) or raw[1] & ~(_BIG | _SIGNED):
        raise UnusualError("whole numbers of another width")
    order = ">" if raw[1] & _BIG and size > 1 else "<" if size > 1 else "|"
    return Datatype(f"{order}{'i' if raw[1] & _SIGNED else 'u'}{size}", size, is_numeric=True)


def _float(raw: bytes, size: int) -> Datatype:
    _need(raw, 20)
    if _FLOAT_PARTS.unpack_from(raw, 8) != _FLOATS.get(size) or raw[1] & ~_BIG != _NORMALIZED or raw[2] != size * 8 - 1:
        raise UnusualError("floats of another layout")
    return Datatype(f"{'>' if raw[1] & _BIG else '<'}f{size}", size, is_numeric=True)


def _text(_: bytes, size: int) -> Datatype:
    return Datatype("text", size)


def _truth(raw: bytes, size: int) -> Datatype:
    """Return the bool that h5py writes as an enumeration of FALSE and TRUE, or an enumeration."""
    if size != 1 or raw[0] >> 4 == _VERSIONS[-1] or int.from_bytes(raw[1:3], "little") != len(_TRUE_AND_FALSE):
        return Datatype(_NAMES[_ENUMERATION], size)
    base = datatype(raw[8:])
    names, attributes = raw[20:36], raw[36:38]
    found = dict(zip((names[:8].rstrip(b"\0"), names[8:].rstrip(b"\0")), attributes, strict=False))
    if not base.is_numeric or base.size != 1 or found != _TRUE_AND_FALSE:
        return Datatype(_NAMES[_ENUMERATION], size)
    return Datatype("|b1", size, is_numeric=True)


def _variable(raw: bytes, size: int) -> Datatype:
    return Datatype("variable text" if raw[1] & 0x0F == 1 else _NAMES[_VARIABLE], size)


def _need(raw: bytes, count: int) -> None:
    if len(raw) < count:
        raise DamagedError("a description of values is cut short")
