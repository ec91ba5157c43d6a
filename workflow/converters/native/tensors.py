"""Tensors on their way into weight files: what they are called, and how their values come in blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.errors import ConversionError
from workflow.formats.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Blocks = Callable[[], Iterator[Array]]

BLOCK_BYTES = 1 << 20  # large enough to keep the loop out of the way, small enough for the processor's cache

DTYPES = {
    "float32": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
    "bool": np.dtype("?"),
    "complex64": np.dtype("<c8"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "float16": np.dtype("<f2"),
}
"""What each dtype of a manifest is on disk."""

_STORED_AS = {
    "float16": "float32",
    "float64": "float32",
    "int64": "int32",
    "complex128": "complex64",
    **{name: name for name in ("float32", "int32", "bool", "complex64", "uint8", "uint16")},
}
_TEXT_KINDS = "OSUT"


@dataclass(frozen=True)
class Tensor:
    """One weight to be written; ``read`` is called when its turn comes, and its array dropped afterwards.

    Weights that come out of another weight file have ``blocks`` in place of ``read``: a function that starts
    a new pass over the values, as flat arrays. ``entry`` is then their manifest entry, whose further fields are kept;
    with ``encoded`` the blocks are the stored bytes, which belong to that entry as it is.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array] | None = None
    blocks: Blocks | None = None
    entry: Mapping[str, Any] | None = None
    encoded: int | None = None
    """How many stored bytes the blocks hold, when they are encoded already."""

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def manifest_dtype(dtype: np.dtype[Any], name: str) -> str:
    """Return the dtype under which a manifest lists an array; raises ``ConversionError`` when there is none.

    float64, float16 and int64 count as what they are stored as: float32, float32 and int32.
    """
    if dtype.kind in _TEXT_KINDS:
        return "string"
    stored = _STORED_AS.get(dtype.name)
    if stored is None:
        raise ConversionError(
            f"weight {shown(name)} has the dtype {dtype.name}, which TensorFlow.js does not have",
            hint=f"Save the model with that weight as one of {', '.join(sorted(_STORED_AS))}.",
        )
    return stored


def opened(tensor: Tensor) -> Blocks:
    """Return what starts a pass over a tensor's values in its own dtype; a read tensor is read once."""
    if tensor.blocks is not None:
        return tensor.blocks
    if tensor.read is None:
        raise TypeError(f"{tensor.name} has neither blocks nor read")
    array = tensor.read()
    if tuple(array.shape) != tensor.shape:
        raise ConversionError(
            f"weight {shown(tensor.name)} has the shape {tuple(array.shape)}, and {tensor.shape} was announced",
            hint="The model file is damaged.",
        )
    flat = array.reshape(-1)
    if tensor.dtype == "string":
        return lambda: iter([np.frombuffer(serialised(flat), dtype=np.uint8)])
    return lambda: _cast_blocks(flat, tensor)


def serialised(strings: Array) -> bytes:
    """Return text as TensorFlow.js stores it: before each its length in bytes, as four bytes."""
    parts = []
    for text in strings.tolist():
        if not isinstance(text, str | bytes):
            raise ConversionError(f"a text weight holds {type(text).__name__}", hint="The model file is damaged.")
        raw = text if isinstance(text, bytes) else text.encode()
        parts += [len(raw).to_bytes(4, "little"), raw]
    return b"".join(parts)


def stored_bytes(tensor: Tensor, quantized: str | None) -> int:
    """Return how many bytes a tensor takes on disk, as itself or quantized."""
    if quantized is not None:
        return tensor.size * DTYPES[quantized].itemsize
    if tensor.encoded is not None:
        return tensor.encoded
    if tensor.dtype == "string":
        return sum(block.nbytes for block in opened(tensor)())
    return tensor.size * DTYPES[tensor.dtype].itemsize


def _cast_blocks(flat: Array, tensor: Tensor) -> Iterator[Array]:
    dtype = DTYPES[tensor.dtype]
    count = BLOCK_BYTES // dtype.itemsize
    for start in range(0, flat.size, count):
        block = flat[start : start + count]
        yield block if block.dtype == dtype else _cast(block, dtype, tensor.name)


def _cast(block: Array, dtype: np.dtype[Any], name: str) -> Array:
    """Return the values in a narrower dtype; raises ``ConversionError`` when one does not fit."""
    with np.errstate(over="ignore"):
        cast: Array = block.astype(dtype)
    lost = cast != block if dtype.kind == "i" else np.isinf(cast) & np.isfinite(block)
    if lost.any():
        raise ConversionError(
            f"weight {shown(name)} holds {block[lost][0]!s}, which {dtype.name} cannot hold",
            hint="TensorFlow.js has no wider numbers: rescale that weight in the source model.",
        )
    return cast
