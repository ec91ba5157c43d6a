"""Tensors on their way into weight files: what they are called, and how their bytes come in blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models import weights_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Blocks = Callable[[], Iterator[memoryview]]
    """Starts a pass over bytes: pieces of whole elements, each of which is valid until the next is asked for."""

ITEM_BYTES = {**weights_manifest.ITEM_BYTES, **weights_manifest.QUANTIZED_BYTES}
"""How many bytes an element of each dtype takes in weight files, where all numbers are little-endian."""

_STORED_AS = {
    "float16": "float32",
    "float64": "float32",
    "int64": "int32",
    "complex128": "complex64",
    **{name: name for name in ("float32", "int32", "bool", "complex64", "uint8", "uint16")},
}
_TEXT_KINDS = "OSUT"
_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}
_AS_IT_IS = {"<f4": "float32", "<i4": "int32", "|b1": "bool", "<c8": "complex64", "|u1": "uint8", "<u2": "uint16"}
"""The types of arrays whose bytes are those of weight files."""


class Tensor(Record):
    """One weight to be written; ``begin`` is called when its turn comes, and what it gives is dropped afterwards.

    What ``begin`` gives starts as many passes over the bytes as are wanted. Weights that come out of another weight
    file have their manifest ``entry``, whose further fields are kept; with ``encoded``, a number of bytes, the blocks
    are the stored ones, which belong to that entry as it is.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    begin: Callable[[], Blocks] | None = None
    entry: Mapping[str, Any] | None = None
    encoded: int | None = None

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def manifest_dtype(code: str, name: str) -> str:
    """Return the dtype under which a manifest lists an array of a type, written as numpy does (``<f4``).

    float64, float16 and int64 count as what they are stored as: float32, float32 and int32. Raises
    ``ConversionError`` for what cannot be stored.
    """
    if code[1] in _TEXT_KINDS:
        return "string"
    dtype = dtype_name(code)
    stored = _STORED_AS.get(dtype)
    if stored is None:
        raise ConversionError(
            f"weight {shown(name)} has the dtype {dtype}, which TensorFlow.js does not have",
            hint=f"Save the model with that weight as one of {', '.join(sorted(_STORED_AS))}.",
        )
    return stored


def dtype_name(code: str) -> str:
    """Return the name of a type that numpy writes so: float32 for ``<f4``; what is no number keeps its code."""
    if code[1:] == "b1":
        return "bool"
    return f"{_KINDS[code[1]]}{8 * int(code[2:])}" if code[1] in _KINDS else code


def is_stored_as(code: str, dtype: str) -> bool:
    """Tell whether an array of a type, written as numpy does, has the very bytes that a dtype has in weight files."""
    return _AS_IT_IS.get(code) == dtype


def opened(tensor: Tensor) -> Blocks:
    """Return what starts a pass over a tensor's bytes; whatever has to be read or made once is."""
    if tensor.begin is None:
        raise TypeError(f"{tensor.name} has no bytes")
    return tensor.begin()


def stored_bytes(tensor: Tensor, quantized: str | None) -> int:
    """Return how many bytes a tensor takes on disk, as itself or quantized."""
    if quantized is not None:
        return tensor.size * ITEM_BYTES[quantized]
    if tensor.encoded is not None:
        return tensor.encoded
    if tensor.dtype == "string":
        return sum(map(len, opened(tensor)()))
    return tensor.size * ITEM_BYTES[tensor.dtype]
