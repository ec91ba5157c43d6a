"""Samples that somebody gives: arrays for each input and labels, out of .npy and .npz files. Python 3.8 and numpy."""

from __future__ import annotations

import os
import zipfile
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from . import containment_rules as rules
from .drawing import Spec

IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
"""The endings of images, which TensorFlow decodes."""


class SampleError(ValueError):
    """Files that hold no samples, or none that fit the model."""


def holds_images(path: str) -> bool:
    """Whether a path is an image, or a folder, which can hold nothing else."""
    return os.path.isdir(path) or path.lower().endswith(IMAGES)


def given(specs: Sequence[Spec], path: str, *, count: Optional[int] = None) -> List[Any]:
    """Return the arrays of a .npy or .npz file as one per input, the first ``count`` samples or all.

    Raises ``SampleError`` where they do not fit.
    """
    loaded = opened(path)
    if isinstance(loaded, np.ndarray):
        arrays = {specs[0].name: loaded} if len(specs) == 1 else {}
    else:
        arrays = dict(loaded)
        if len(specs) == 1 and specs[0].name not in arrays and "x" in arrays:
            arrays[specs[0].name] = arrays["x"]
    missing = [spec.name for spec in specs if spec.name not in arrays]
    if missing:
        raise SampleError(f"{path} holds no array for the input {', '.join(missing)}")
    for spec in specs:
        _check_shape(arrays[spec.name], spec, path)
    found = [arrays[spec.name] for spec in specs]
    if len({len(array) for array in found}) > 1:
        raise SampleError(f"{path} holds arrays with different numbers of samples")
    return [array[:count] for array in found] if count else found


def labels(file: Optional[str], count: int) -> Optional[List[int]]:
    """Return the class indices of a .npy or .npz file (array ``y``), the first ``count`` of them."""
    if not file:
        return None
    loaded = opened(file)
    if not isinstance(loaded, np.ndarray):
        if "y" not in loaded:
            raise SampleError(f"{file} holds no array y")
        loaded = loaded["y"]
    if len(loaded) < count:
        raise SampleError(f"{file} has {len(loaded)} labels for {count} samples")
    return [int(label) for label in np.asarray(loaded).reshape(len(loaded), -1)[:count, 0]]


def opened(path: str) -> Any:
    """Return the array of a .npy file, or those of a .npz file by name; raises ``SampleError`` where it is neither.

    Arrays of Python objects are refused, and those that claim more than the file holds.
    """
    try:
        if zipfile.is_zipfile(path):
            return _arrays(path)
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False))  # what is not in the file cannot be mapped
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as problem:
        raise SampleError(f"{path} is no .npy or .npz file with plain arrays: {problem}") from problem


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
        raise SampleError(f"{path}: input {spec.name} takes {wanted}, the array is {array.shape}")
