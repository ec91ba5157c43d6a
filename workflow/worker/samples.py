"""What goes into the models that are compared: drawn from their input specs, or read from arrays or images."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from .failure import JobError
from .runnable import Named, given, opened
from .specs import Spec, draw, sizes

_IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
_IMAGE_RANK = 4
_ALIKE = 1e-4


def take(specs: Sequence[Spec], args: Dict[str, Any]) -> List[Any]:
    """Return one array per input, samples first.

    ``inputs`` is a .npy or .npz file, an image, or a folder of images, of which the first ``samples`` are taken;
    without it as many are drawn with ``seed``. ``image_range`` is what black and white become.
    """
    file, count = args.get("inputs"), args.get("samples")
    if not file:
        return draw(specs, count or sum(args["batches"]), seed=args["seed"])
    if os.path.isdir(file) or file.lower().endswith(_IMAGES):
        return [_images(file, specs, count, wanted=args.get("image_range"))]
    arrays = given(specs, file)
    if len({len(array) for array in arrays}) > 1:
        raise JobError("inputs", f"{file} holds arrays with different numbers of samples")
    return [array[:count] for array in arrays] if count else arrays


def scaled(specs: Sequence[Spec], arrays: Sequence[Any], *, factor: float) -> List[Any]:
    """Return drawn arrays multiplied by a factor, where their values may be any numbers."""
    free = [spec.dtype.startswith("float") and spec.bound is None and not spec.pixels for spec in specs]
    return [(array * array.dtype.type(factor)) if may and factor != 1.0 else array for array, may in zip(arrays, free)]


def differ(answers: Sequence[Named]) -> bool:
    """Whether any output changes between samples by more than rounding would."""
    for number, (_, first) in enumerate(answers[0] if answers else []):
        rows = [answer[number][1].reshape((-1, *first.shape[1:]) if first.ndim else (1,)) for answer in answers]
        if first.dtype.kind not in "fiub" or len({row.shape[1:] for row in rows}) > 1:
            return True
        values = np.nan_to_num(np.concatenate(rows).astype(np.float64))
        if values.size and (values.max(axis=0) - values.min(axis=0)).max() > _ALIKE * np.abs(values).max():
            return True
    return False


def labels(file: Optional[str], count: int) -> Optional[List[int]]:
    """Return the class indices of a .npy or .npz file (array ``y``), the first ``count`` of them."""
    if not file:
        return None
    loaded = opened(file)
    if not isinstance(loaded, np.ndarray):
        if "y" not in loaded:
            raise JobError("inputs", f"{file} holds no array y")
        loaded = loaded["y"]
    if len(loaded) < count:
        raise JobError("inputs", f"{file} has {len(loaded)} labels for {count} samples")
    return [int(label) for label in np.asarray(loaded).reshape(len(loaded), -1)[:count, 0]]


def _images(path: str, specs: Sequence[Spec], count: Optional[int], *, wanted: Any) -> Any:
    if len(specs) != 1 or len(specs[0].shape) != _IMAGE_RANK:
        raise JobError("inputs", f"{path}: images fit a model with one input of four dimensions")
    files = [path] if os.path.isfile(path) else _listed(path)
    if not files:
        raise JobError("inputs", f"{path} holds no {', '.join(_IMAGES)} files")
    low, high = wanted or ((0.0, 255.0) if specs[0].pixels else (-1.0, 1.0))
    shape = sizes(specs[0])[-3:]
    read = [_image(file, shape) for file in files[:count]]
    return (np.stack(read) / 255.0 * (high - low) + low).astype(specs[0].dtype)


def _listed(folder: str) -> List[str]:
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(_IMAGES))
    return [os.path.join(folder, name) for name in names]


def _image(file: str, shape: Sequence[int]) -> Any:
    import tensorflow as tf

    with open(file, "rb") as source:
        raw = source.read()
    try:
        pixels = tf.io.decode_image(raw, channels=shape[-1], expand_animations=False)
    except (tf.errors.InvalidArgumentError, ValueError) as problem:
        raise JobError("inputs", f"{file} is no image that can be read") from problem
    return tf.image.resize(tf.cast(pixels, tf.float32), shape[:2]).numpy()
