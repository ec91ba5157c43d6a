"""What goes into the models that are compared: drawn from their input specs, or read from arrays or images."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from . import exchange
from .failure import JobError
from .jobs import Progress
from .shared import sample_files
from .shared.drawing import Spec, draw, sizes
from .shared.sample_files import IMAGES, SampleError

_IMAGE_RANK = 4


def take(specs: Sequence[Spec], args: Dict[str, Any], *, length: Optional[int] = None) -> List[Any]:
    """Return one array per input, samples first.

    ``inputs`` is a .npy or .npz file, an image, or a folder of images, of which the first ``samples`` are taken;
    without it as many are drawn with ``seed``. ``image_range`` is what black and white become.
    """
    file, count = args.get("inputs"), args.get("samples")
    if not file:
        return draw(specs, count or sum(args["batches"]), seed=args["seed"], length=length)
    if sample_files.holds_images(file):
        return [_images(file, specs, count, wanted=args.get("image_range"))]
    try:
        return sample_files.given(specs, file, count=count)
    except SampleError as problem:
        raise JobError("inputs", str(problem)) from problem


def images(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:  # noqa: ARG001  every job takes both
    """Read images for a model that runs elsewhere, whose input ``specs`` describe, into an exchange set: ``folder``."""
    specs = [Spec(**{**spec, "shape": tuple(spec["shape"])}) for spec in args["specs"]]
    read = _images(args["inputs"], specs, args.get("samples"), wanted=args.get("image_range"))
    exchange.write(args["folder"], {specs[0].name: read})
    return {"samples": len(read)}


def labels(file: Optional[str], count: int) -> Optional[List[int]]:
    """Return the class indices of a .npy or .npz file (array ``y``), the first ``count`` of them."""
    try:
        return sample_files.labels(file, count)
    except SampleError as problem:
        raise JobError("inputs", str(problem)) from problem


def _images(path: str, specs: Sequence[Spec], count: Optional[int], *, wanted: Any) -> Any:
    if len(specs) != 1 or len(specs[0].shape) != _IMAGE_RANK:
        raise JobError("inputs", f"{path}: images fit a model with one input of four dimensions")
    files = [path] if os.path.isfile(path) else _listed(path)
    if not files:
        raise JobError("inputs", f"{path} holds no {', '.join(IMAGES)} files")
    low, high = wanted or ((0.0, 255.0) if specs[0].pixels else (-1.0, 1.0))
    shape = sizes(specs[0])[-3:]
    read = [_image(file, shape) for file in files[:count]]
    return (np.stack(read) / 255.0 * (high - low) + low).astype(specs[0].dtype)


def _listed(folder: str) -> List[str]:
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(IMAGES))
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
