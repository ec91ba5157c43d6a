"""Exchange sets: tensors.json and one raw little-endian file per tensor, the same bytes in Python and JavaScript."""

from __future__ import annotations

import json
import math
import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.verification.requests import Tensors

INDEX = "tensors.json"
_LENGTH = struct.Struct("<I")
_NAME = re.compile(r"[0-9]+\.bin")
_KINDS = "fiubc"
_LONGEST_INDEX = 16 << 20
_MOST_BYTES = 4 << 30

NONSENSE = "a model's own code may have written that: do not use the model unless you know who made it"
_PROBLEMS = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError),
    *(OverflowError, RecursionError, MemoryError, struct.error),
)


class NoExchangeError(VerificationError, ValueError):
    """What a run left is no exchange set."""


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
    """Return the arrays of an exchange set by name, in its order; raises ``NoExchangeError`` for what is none.

    A model's own code may have written it: names lead nowhere else, sizes are those of the files and bounded.
    """
    try:
        if (folder / INDEX).stat().st_size > _LONGEST_INDEX:
            raise ValueError(f"its {INDEX} is far too long")
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        files = [_file(folder, entry["file"]) for entry in index]
        if sum(file.stat().st_size for file in files) > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
        return {str(entry["name"]): _array(entry, file.read_bytes()) for entry, file in zip(index, files, strict=True)}
    except _PROBLEMS as problem:
        raise NoExchangeError(f"{folder} is no set of tensors: {problem}", hint=NONSENSE) from None


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
    at, count = 0, math.prod(entry["shape"])
    while at < len(raw):
        if len(texts) == count:  # texts of no length would take thirty times what their file does
            raise ValueError(f"it holds more texts than the {count} of its shape")
        (size,) = _LENGTH.unpack_from(raw, at)
        texts.append(raw[at + _LENGTH.size : at + _LENGTH.size + size])
        at += _LENGTH.size + size
    listed: NDArray[Any] = np.array(texts, dtype=object).reshape(entry["shape"])
    return listed
