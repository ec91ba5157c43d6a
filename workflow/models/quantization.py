"""Quantized numbers, bit for bit as the reference converter makes them, in blocks of bounded size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError
from workflow.base.numerics import np
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.arrays import DTYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.models.arrays import Array, Arrays
    from workflow.models.tensors import Tensor

LARGEST = {"uint8": 255, "uint16": 65535}
"""The largest whole number of each affine dtype."""

_BEYOND_FLOAT32 = 3.4e38  # where numpy 1.24, under which the reference runs, turned to float64
_LOST_IN_FLOAT16 = 2.0**-25  # what is not larger is rounded to zero
_NOT_HALF = "Leave that weight out of quantize_float16, or name it in quantize_uint16."
_BEYOND_FLOAT16 = 65520  # from here on, rounding gives infinity
_BEYOND_INT32 = 2**31
_HALF = 0.5
_SMALLEST_FLOAT32 = float(np.finfo(np.float32).tiny)


class Extent(Record):
    """The smallest and the largest value of a tensor; None in both when it is empty."""

    low: float | None
    high: float | None


class Affine(Record):
    """The whole numbers 0 to the dtype's largest, standing for ``low + scale * number``."""

    dtype: str
    low: float
    high: float
    scale: float
    constant: bool = False

    @property
    def work(self) -> type[np.float32 | np.float64]:
        """The precision to compute in: the reference's, unless that cannot hold the numbers."""
        beyond = max(abs(self.low), abs(self.high), self.high - self.low) >= _BEYOND_FLOAT32
        return np.float64 if beyond or self.scale < _SMALLEST_FLOAT32 else np.float32


def extent(blocks: Arrays, name: str) -> Extent:
    """Return the range of a tensor's values; raises ``ConversionError`` for one with NaN or infinity."""
    low, high = math.inf, -math.inf
    count = 0
    for block in blocks():
        least, most = float(block.min()), float(block.max())
        if not (math.isfinite(least) and math.isfinite(most)):
            raise _not_finite(block, name)
        low, high = min(low, least), max(high, most)
        count += block.size
    return Extent(low, high) if count else Extent(None, None)


def affine(found: Extent, dtype: str) -> Affine:
    """Return the numbers for a range that is not empty; zero, when it is inside, is hit exactly."""
    if found.low is None or found.high is None:
        raise ValueError("an empty tensor has no range")
    low, high = found.low, found.high
    largest = LARGEST[dtype]
    if low == high:
        return Affine(dtype, low, high, scale=1.0, constant=True)
    scale = (high - low) / largest
    if low <= 0 <= high:
        zero = float(round((0 - low) / scale))
        low = -zero * scale
        high = largest * scale + low
    return Affine(dtype, low, high, scale)


def affine_blocks(blocks: Arrays, numbers: Affine) -> Iterator[Array]:
    """Yield the quantized values; a block is valid until the next one is asked for."""
    dtype = DTYPES[numbers.dtype]
    work = numbers.work
    low, high, scale = work(numbers.low), work(numbers.high), work(numbers.scale)
    room = np.empty(0, work)
    codes = np.empty(0, dtype)
    for block in blocks():
        if block.size > room.size:
            room, codes = np.empty(block.size, work), np.empty(block.size, dtype)
        values, encoded = room[: block.size], codes[: block.size]
        if numbers.constant:
            encoded[:] = 0
        else:
            np.clip(block, low, high, out=values)
            np.subtract(values, low, out=values)
            np.divide(values, scale, out=values)
            np.rint(values, out=values)
            np.copyto(encoded, values, casting="unsafe")
        yield encoded


def half_blocks(blocks: Arrays, name: str) -> Iterator[Array]:
    """Yield the values as float16; raises ``ConversionError`` when one is too large, or all are too small."""
    most = 0.0
    for block in blocks():
        with np.errstate(over="ignore", under="ignore"):
            half = block.astype(DTYPES["float16"])
        low, high = float(block.min()), float(block.max())
        if not -_BEYOND_FLOAT16 < low <= high < _BEYOND_FLOAT16:  # false for NaN as well
            raise _too_large(block, name) if np.isfinite(block).all() else _not_finite(block, name)
        most = max(most, -low, high)
        yield half
    if 0 < most <= _LOST_IN_FLOAT16:
        raise ConversionError(
            f"weight {shown(name)} holds at most {most:g}, and float16 makes zero of that",
            hint=_NOT_HALF,
        )


def encoded(tensor: Tensor, blocks: Arrays, *, dtype: str) -> tuple[Iterator[Array], dict[str, Any] | None]:
    """Return a float32 tensor's quantized blocks and its ``quantization`` field; None for an empty one."""
    if dtype == "float16":
        return half_blocks(blocks, tensor.name), {"dtype": dtype, "original_dtype": "float32"}
    found = extent(blocks, tensor.name)
    if found.low is None:
        return iter(()), None
    numbers = affine(found, dtype)
    field = {"dtype": dtype, "min": numbers.low, "scale": numbers.scale, "original_dtype": "float32"}
    return affine_blocks(blocks, numbers), field


def restored_blocks(blocks: Arrays, field: Mapping[str, Any], *, tensor: Tensor) -> Iterator[Array]:
    """Yield the numbers that TensorFlow.js restores from quantized ones: in float64, rounded once at the end.

    Raises ``ConversionError`` when the tensor's dtype cannot hold one of them.
    """
    if field["dtype"] == "float16":
        for block in blocks():
            yield block.astype(DTYPES["float32"])
        return
    restore = _restorer(field, tensor)
    for block in blocks():
        values = restore(block)
        if not (np.isfinite(values.min()) and np.isfinite(values.max())):
            raise _unrestorable(field, tensor)
        if tensor.dtype == "int32" and np.abs(values).max() >= _BEYOND_INT32:
            raise _unrestorable(field, tensor)
        yield values.astype(DTYPES[tensor.dtype], copy=False)


def _restorer(field: Mapping[str, Any], tensor: Tensor) -> Callable[[Array], Array]:
    """Return what restores a block of numbers: a table where that is less work than the arithmetic."""
    try:
        scale, low = float(field["scale"]), float(field["min"])
    except OverflowError as error:
        raise _unrestorable(field, tensor) from error

    def restore(codes: Array) -> Array:
        with np.errstate(all="ignore"):
            values: Array = codes.astype(np.float64) * scale + low
            if tensor.dtype != "int32":
                return values.astype(DTYPES[tensor.dtype])
            whole = np.floor(values)
            return np.asarray(whole + (values - whole >= _HALF))  # as Math.round: halves go up

    count = LARGEST[field["dtype"]] + 1
    if tensor.size < count:
        return restore
    table = restore(np.arange(count))
    return lambda codes: table[codes]


def _unrestorable(field: Mapping[str, Any], tensor: Tensor) -> ConversionError:
    low, scale = (shown(str(field[key]))[1:-1] for key in ("min", "scale"))
    return ConversionError(
        f"weight {shown(tensor.name)} is quantized with min {low} and scale {scale}, "
        f"which gives numbers that {tensor.dtype} cannot hold",
        hint="The manifest is damaged: convert the model again.",
    )


def _not_finite(block: Array, name: str) -> ConversionError:
    bad = block[~np.isfinite(block)][0]
    return ConversionError(
        f"weight {shown(name)} holds {bad!s}, and quantization would spread it over the whole weight",
        hint="A model with such a weight does not predict: look at its training; or leave the weight out.",
    )


def _too_large(block: Array, name: str) -> ConversionError:
    worst = block[np.argmax(np.abs(block))]
    return ConversionError(
        f"weight {shown(name)} holds {worst!s}, and float16 ends at 65504: it would become infinity",
        hint=_NOT_HALF,
    )
