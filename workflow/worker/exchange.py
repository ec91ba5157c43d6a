"""Exchange sets, read and written in the converter environment: tensors.json and one raw little-endian file each."""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Dict, Mapping

import numpy as np

INDEX = "tensors.json"
_LENGTH = struct.Struct("<I")


def write(folder: str, tensors: Mapping[str, Any]) -> None:
    """Write arrays as an exchange set; bool takes a byte, text its length as four bytes and UTF-8."""
    os.makedirs(folder, exist_ok=True)
    index = []
    for number, (name, array) in enumerate(tensors.items()):
        file = f"{number}.bin"
        with open(os.path.join(folder, file), "wb") as sink:
            sink.write(_bytes(array))
        dtype = "string" if array.dtype.kind in "OSU" else array.dtype.name
        index.append({"name": name, "shape": list(array.shape), "dtype": dtype, "file": file})
    with open(os.path.join(folder, INDEX), "w", encoding="utf-8") as sink:
        json.dump(index, sink)


def read(folder: str) -> Dict[str, Any]:
    """Return the arrays of an exchange set by name, in its order."""
    with open(os.path.join(folder, INDEX), encoding="utf-8") as source:
        index = json.load(source)
    return {entry["name"]: _array(entry, os.path.join(folder, entry["file"])) for entry in index}


def _bytes(array: Any) -> bytes:
    if array.dtype.kind not in "OSU":
        return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.reshape(-1).tolist()]
    return b"".join(_LENGTH.pack(len(text)) + text for text in texts)


def _array(entry: Dict[str, Any], path: str) -> Any:
    with open(path, "rb") as source:
        raw = source.read()
    if entry["dtype"] != "string":
        return np.frombuffer(raw, np.dtype(entry["dtype"]).newbyteorder("<")).reshape(entry["shape"])
    texts, at = [], 0
    while at < len(raw):
        (size,) = _LENGTH.unpack_from(raw, at)
        texts.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return np.array(texts, dtype=object).reshape(entry["shape"])
