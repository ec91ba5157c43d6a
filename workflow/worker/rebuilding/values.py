"""Weights out of weight files, one after the other, with the numbers that TensorFlow.js makes of quantized ones."""

from __future__ import annotations

import math
import os
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple

import numpy as np

from ..failure import JobError

Json = Dict[str, Any]
_STORED = {
    "float32": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
    "bool": np.dtype("?"),
    "complex64": np.dtype("<c8"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "float16": np.dtype("<f2"),
}
_AFFINE = ("uint8", "uint16")
_LENGTH = 4


def read(manifest: List[Json], folder: str) -> Iterator[Tuple[str, Any]]:
    """Yield name and array of each weight in the manifest's order; strings are bytes in arrays of objects.

    Raises ``JobError`` for files that are missing or too short, and for entries that TensorFlow.js does not read.
    """
    for group in manifest:
        with _Stream([os.path.join(folder, name) for name in group["paths"]]) as stream:
            for entry in group["weights"]:
                yield entry["name"], _array(entry, stream)


def dequantized(stored: Any, entry: Json) -> Any:
    """Return the values that TensorFlow.js computes, in double precision, from what is stored for a manifest entry."""
    quantization, dtype = entry["quantization"], entry["dtype"]
    if quantization["dtype"] == "float16":
        return stored.astype(np.float32)
    with np.errstate(over="ignore"):
        exact = stored.astype(np.float64) * quantization["scale"] + quantization["min"]
        # JavaScript rounds halves up, numpy to the even neighbour
        return exact.astype(np.float32) if dtype == "float32" else np.floor(exact + 0.5).astype(np.int32)


def _array(entry: Json, stream: "_Stream") -> Any:
    shape = [int(size) for size in entry["shape"]]
    count = math.prod(shape)
    if entry.get("dtype") == "string":
        texts = [stream.read(int.from_bytes(stream.read(_LENGTH), "little")) for _ in range(count)]
        array = np.empty(count, dtype=object)
        array[:] = texts
        return array.reshape(shape)
    kind = _stored_type(entry)
    stored = np.frombuffer(stream.read(count * kind.itemsize), kind).reshape(shape)
    return dequantized(stored, entry) if entry.get("quantization") else stored


def _stored_type(entry: Json) -> Any:
    """Return the type of what lies in the file; raises ``JobError`` where TensorFlow.js would not take the entry."""
    name, dtype, quantization = entry["name"], entry.get("dtype"), entry.get("quantization")
    if not quantization:
        if dtype not in _STORED or dtype == "float16":
            raise JobError("source", f"the weight {name} has the type {dtype}, which TensorFlow.js does not read")
        return _STORED[dtype]
    stored = quantization.get("dtype")
    affine = stored in _AFFINE and dtype in ("float32", "int32") and {"scale", "min"} <= set(quantization)
    if not affine and not (stored == "float16" and dtype == "float32"):
        raise JobError("source", f"the weight {name} is {dtype} quantized as {quantization}, which nothing reads")
    return _STORED[stored]


class _Stream:
    """Several files as one stream of bytes, each opened when its turn comes."""

    def __init__(self, paths: List[str]) -> None:
        self._paths = iter(paths)
        self._file: Optional[BinaryIO] = None
        self._last = "the weights manifest"

    def __enter__(self) -> "_Stream":  # noqa: PYI034  Self is not in Python 3.8
        return self

    def __exit__(self, *problem: object) -> None:
        if self._file is not None:
            self._file.close()

    def read(self, count: int) -> bytearray:
        """Return that many bytes; raises ``JobError`` where the files end before."""
        found = bytearray(count)
        view, at = memoryview(found), 0
        while at < count:
            got = self._file.readinto(view[at:]) if self._file is not None else 0  # type: ignore[attr-defined]
            at += got
            if not got:
                self._next(count - at)
        return found

    def _next(self, missing: int) -> None:
        self.__exit__()
        path = next(self._paths, None)
        if path is None:
            raise JobError("source", f"{self._last} ends {missing} bytes before the weights do")
        try:
            self._file = open(path, "rb")  # noqa: SIM115  closed when the next one is opened, or at the end
        except OSError as problem:
            raise JobError("source", f"the weight file {path} cannot be read: {problem.strerror}") from problem
        self._last = f"the weight file {path}"
