"""Datatype and dataspace messages: what the values of an attribute or a data set are, and how many."""

from __future__ import annotations

import math
import struct
from functools import lru_cache

from workflow.base.records import Record
from workflow.models.hdf5.data import DamagedError, UnusualError

_FIXED, _FLOAT, _TEXT, _ENUMERATION, _VARIABLE = 0, 1, 3, 8, 9
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
    rule = {_FIXED: _whole, _FLOAT: _float, _TEXT: _text, _ENUMERATION: _truth, _VARIABLE: _variable}.get(kind)
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
    names, values = raw[20:36], raw[36:38]
    found = dict(zip((names[:8].rstrip(b"\0"), names[8:].rstrip(b"\0")), values, strict=False))
    if not base.is_numeric or base.size != 1 or found != _TRUE_AND_FALSE:
        return Datatype(_NAMES[_ENUMERATION], size)
    return Datatype("|b1", size, is_numeric=True)


def _variable(raw: bytes, size: int) -> Datatype:
    return Datatype("variable text" if raw[1] & 0x0F == 1 else _NAMES[_VARIABLE], size)


def _need(raw: bytes, count: int) -> None:
    if len(raw) < count:
        raise DamagedError("a description of values is cut short")
