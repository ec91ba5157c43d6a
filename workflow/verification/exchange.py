"""Exchange sets: tensors.json and one raw little-endian file per tensor, the same bytes in Python and JavaScript."""

from __future__ import annotations

import json
import re
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
_NAME = re.compile(r"[0-9]+\.bin")
_KINDS = "fiubc"


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
    """Return the arrays of an exchange set by name, in its order; raises ``ValueError`` for what is none.

    A model's own code may have written it: names lead nowhere else, and sizes are those of the files.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        return {str(entry["name"]): _array(entry, _file(folder, entry["file"]).read_bytes()) for entry in index}
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError, MemoryError, struct.error) as problem:
        raise ValueError(f"{folder} is no exchange set: {problem!r}") from None


def _file(folder: Path, name: object) -> Path:
    """Return a file of the folder; raises ``ValueError`` for a name that leads anywhere else."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or (folder / name).is_symlink():
        raise ValueError(f"{name!r} is no file of an exchange set")
    return folder / name


def _bytes(array: NDArray[Any]) -> bytes:
    if array.dtype.kind not in "OSU":
        return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.reshape(-1).tolist()]
    return b"".join(_LENGTH.pack(len(text)) + text for text in texts)


def _array(entry: Mapping[str, Any], raw: bytes) -> NDArray[Any]:
    if entry["dtype"] != "string":
        dtype = np.dtype(entry["dtype"])
        if dtype.kind not in _KINDS:
            raise ValueError(f"{entry['dtype']!r} is no dtype of tensors")
        plain: NDArray[Any] = np.frombuffer(raw, dtype.newbyteorder("<")).reshape(entry["shape"])
        return plain
    texts: list[bytes] = []
    at = 0
    while at < len(raw):
        (size,) = _LENGTH.unpack_from(raw, at)
        texts.append(raw[at + _LENGTH.size : at + _LENGTH.size + size])
        at += _LENGTH.size + size
    listed: NDArray[Any] = np.array(texts, dtype=object).reshape(entry["shape"])
    return listed
