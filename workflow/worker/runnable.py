"""A model that can be run, whatever its format, and the samples that a file gives it."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from .shared import containment_rules as rules
from .failure import JobError
from .specs import Spec

Named = List[Tuple[str, Any]]


@dataclass(frozen=True)
class Runnable:
    """What a model takes, and the function from one array per input to its named outputs."""

    inputs: Tuple[Spec, ...]
    run: Callable[[List[Any]], Named]


def given(specs: Sequence[Spec], path: str) -> List[Any]:
    """Return the arrays of a .npy or .npz file as one per input; raises ``JobError`` where they do not fit."""
    loaded = opened(path)
    if isinstance(loaded, np.ndarray):
        arrays = {specs[0].name: loaded} if len(specs) == 1 else {}
    else:
        arrays = dict(loaded)
        if len(specs) == 1 and specs[0].name not in arrays and "x" in arrays:
            arrays[specs[0].name] = arrays["x"]
    missing = [spec.name for spec in specs if spec.name not in arrays]
    if missing:
        raise JobError("inputs", f"{path} holds no array for the input {', '.join(missing)}")
    for spec in specs:
        _check_shape(arrays[spec.name], spec, path)
    return [arrays[spec.name] for spec in specs]


def opened(path: str) -> Any:
    """Return the array of a .npy file, or those of a .npz file by name; raises ``JobError`` where it is neither.

    Arrays of Python objects are refused, and those that claim more than the file holds.
    """
    try:
        if zipfile.is_zipfile(path):
            return _arrays(path)
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False))  # what is not in the file cannot be mapped
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as problem:
        raise JobError("inputs", f"{path} is no .npy or .npz file with plain arrays: {problem}") from problem


def _arrays(path: str) -> Dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        claimed = sum(member.file_size for member in archive.infolist())
    if not rules.is_likely(claimed, os.path.getsize(path)):
        raise ValueError(f"it would be unpacked to {rules.in_words(claimed)}")
    with np.load(path, allow_pickle=False) as loaded:
        return {name: loaded[name] for name in loaded.files}


def _check_shape(array: Any, spec: Spec, path: str) -> None:
    wanted = spec.shape if spec.batched or spec.shape[:1] == (1,) else (None, *spec.shape)
    sizes = array.shape[1:], wanted[1:]
    if array.ndim != len(wanted) or any(want not in (None, size) for size, want in zip(*sizes)):
        raise JobError("inputs", f"{path}: input {spec.name} takes {wanted}, the array is {array.shape}")
