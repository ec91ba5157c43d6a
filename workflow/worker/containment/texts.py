"""Texts of variable length in HDF5 files: a list of them may name one long text thousands of times."""

from __future__ import annotations

import struct
from typing import Iterator, Tuple

_HEAP = b"GCOL"
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAD = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HH4xQ")
_REFERENCE = struct.Struct("<QI")
_LONG = 4096  # names are shorter; thousands of them are no harm


def bytes_named(image: bytes) -> int:
    """Return the bytes of all long texts in a file, each as often as anything in it refers to it."""
    base = max(image.find(_SIGNATURE), 0)
    return sum(size * image.count(_REFERENCE.pack(at - base, number)) for at, number, size in _long_texts(image))


def _long_texts(image: bytes) -> Iterator[Tuple[int, int, int]]:
    """Yield where the heap of each long text begins, the text's number in it, and its bytes."""
    at = image.find(_HEAP)
    while at >= 0 and at + _HEAD.size <= len(image):
        end = min(at + _HEAD.unpack_from(image, at)[2], len(image))
        place = at + _HEAD.size
        while place + _OBJECT.size <= end:
            number, _, size = _OBJECT.unpack_from(image, place)
            if number == 0 or size > end - place:
                break
            if size > _LONG:
                yield at, number, size
            place += _OBJECT.size + (size + 7) // 8 * 8
        at = image.find(_HEAP, at + 1)
