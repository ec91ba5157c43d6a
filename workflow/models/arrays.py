"""The bytes of tensors as arrays of numbers, where values are looked at or changed, and arrays as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError
from workflow.base.numerics import np
from workflow.base.wording import shown
from workflow.models.byte_blocks import BLOCK_BYTES
from workflow.models.tensors import Tensor, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from workflow.models.tensors import Blocks

    Array = NDArray[Any]
    Arrays = Callable[[], Iterator[Array]]
    """Starts a pass over values: flat arrays, each of which is valid until the next is asked for."""

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


def of_array(name: str, shape: tuple[int, ...], *, dtype: str, read: Callable[[], Array]) -> Tensor:
    """Return a tensor whose values are an array, which is read once when its turn comes and made its dtype."""
    tensor = Tensor(name, shape, dtype, lambda: passes(read(), tensor))
    return tensor


def arrays_of(blocks: Blocks, dtype: str) -> Arrays:
    """Return what starts a pass over the numbers that blocks of bytes hold."""
    kind = DTYPES[dtype]
    return lambda: (np.frombuffer(block, kind) for block in blocks())


def bytes_of(arrays: Iterable[Array]) -> Iterator[memoryview]:
    """Yield the bytes of flat arrays that lie in one piece."""
    return (array.view(np.uint8).data for array in arrays if array.size)


def whole(tensor: Tensor) -> Array:
    """Return all values of a tensor as one flat array; text, and what is encoded, as the bytes that are stored."""
    raw = tensor.dtype == "string" or tensor.encoded is not None
    arrays = arrays_of(opened(tensor), "uint8" if raw else tensor.dtype)
    parts = [np.array(array) for array in arrays()]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def passes(array: Array, tensor: Tensor) -> Blocks:
    """Return what starts a pass over the bytes of an array in a tensor's dtype.

    Raises ``ConversionError`` when its shape is not the tensor's; a pass does when a value does not fit.
    """
    if tuple(array.shape) != tensor.shape:
        raise ConversionError(
            f"weight {shown(tensor.name)} has the shape {tuple(array.shape)}, and {tensor.shape} was announced",
            hint="The model file is damaged.",
        )
    flat = array.reshape(-1)
    if tensor.dtype == "string":
        return lambda: iter([memoryview(_serialised(flat))])
    return lambda: bytes_of(_cast_blocks(flat, tensor))


def _serialised(strings: Array) -> bytes:
    """Return text as TensorFlow.js stores it: before each its length in bytes, as four bytes."""
    parts = []
    for text in strings.tolist():
        if not isinstance(text, str | bytes):
            raise ConversionError(f"a text weight holds {type(text).__name__}", hint="The model file is damaged.")
        raw = text if isinstance(text, bytes) else text.encode()
        parts += [len(raw).to_bytes(4, "little"), raw]
    return b"".join(parts)


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
