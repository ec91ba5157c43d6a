"""Exchange sets: tensors.json and one raw little-endian file per tensor, the same bytes in Python and JavaScript."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.verification.model import Tensors

INDEX = "tensors.json"
_LENGTH = struct.Struct("<I")


def write(folder: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as an exchange set; bool takes a byte, text its length as four bytes and UTF-8."""
    folder.mkdir(parents=True, exist_ok=True)
    index = []
    for number, (name, array) in enumerate(tensors.items()):
        file = f"{number}.bin"
        (folder / file).write_bytes(_bytes(array))
        dtype = "string" if array.dtype.kind in "OSU" else array.dtype.name
        index.append({"name": name, "shape": list(array.shape), "dtype": dtype, "file": file})
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def read(folder: Path) -> Tensors:
    """Return the arrays of an exchange set by name, in its order."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return {entry["name"]: _array(entry, (folder / entry["file"]).read_bytes()) for entry in index}


def _bytes(array: NDArray[Any]) -> bytes:
    if array.dtype.kind not in "OSU":
        return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.reshape(-1).tolist()]
    return b"".join(_LENGTH.pack(len(text)) + text for text in texts)


def _array(entry: Mapping[str, Any], raw: bytes) -> NDArray[Any]:
    if entry["dtype"] != "string":
        plain: NDArray[Any] = np.frombuffer(raw, np.dtype(entry["dtype"]).newbyteorder("<")).reshape(entry["shape"])
        return plain
    texts: list[bytes] = []
    at = 0
    while at < len(raw):
        (size,) = _LENGTH.unpack_from(raw, at)
        texts.append(raw[at + _LENGTH.size : at + _LENGTH.size + size])
        at += _LENGTH.size + size
    listed: NDArray[Any] = np.array(texts, dtype=object).reshape(entry["shape"])
    return listed
