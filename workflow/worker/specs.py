"""What a model takes, and how inputs for it are drawn: the same for the same seed, and different from each other."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from .containment import bounds
from .shared import containment_rules as rules
from .failure import NotRunnableError

_SIZES = {4: 64, 5: 16}
_OTHER_SIZE = 32
_CHANNELS = 3
_IMAGE_RANK = 3
_SMALL_INTEGERS = 10
_ITEM = 4


@dataclass(frozen=True)
class Spec:
    """One input: ``shape`` with the batch first, None where the size is open. Integers stay below ``bound``."""

    name: str
    shape: Tuple[Optional[int], ...]
    dtype: str
    bound: Optional[int] = None
    pixels: bool = False
    """Whether the model takes values from 0 to 255 (it rescales them itself) where others take -1 to 1."""

    @property
    def batched(self) -> bool:
        """Whether any number of samples goes in at once."""
        return bool(self.shape) and self.shape[0] is None


def draw(specs: Sequence[Spec], samples: int, *, seed: int) -> List[Any]:
    """Return one array per input, samples first. Where the batch is fixed and not 1, a sample is a whole batch.

    Raises ``NotRunnableError`` for an input whose samples would fill the memory.
    """
    for spec in specs:
        _require_moderate(spec)
    return [np.stack([_sample(spec, seed, number) for number in range(samples)]) for spec in specs]


def _require_moderate(spec: Spec) -> None:
    size = bounds.count(sizes(spec)) * _ITEM
    if size > bounds.LARGEST_SAMPLE:
        words = f"one sample of the input {spec.name} takes {rules.in_words(size)}"
        raise NotRunnableError(f"{words}; samples are drawn up to {rules.in_words(bounds.LARGEST_SAMPLE)}")


def _sample(spec: Spec, seed: int, number: int) -> Any:
    rng = np.random.RandomState([seed, number, zlib.crc32(spec.name.encode())])
    shape = sizes(spec)
    if spec.dtype == "bool":
        return rng.randint(0, 2, shape).astype(bool) if shape else np.asarray(False)
    kind = np.dtype(spec.dtype).kind if spec.dtype in _NUMERIC else "?"
    if spec.bound is not None and kind in "iuf":
        return rng.randint(0, spec.bound, shape).astype(spec.dtype)
    if kind in "iu":
        image = len(shape) >= _IMAGE_RANK
        drawn = _texture(rng, shape) * 127.5 + 127.5 if image else rng.randint(0, _SMALL_INTEGERS, shape)
        return np.asarray(np.clip(drawn, 0, 127 if spec.dtype == "int8" else 255)).astype(spec.dtype)
    if kind == "f":
        drawn = _texture(rng, shape)
        return (drawn * 127.5 + 127.5 if spec.pixels else drawn).astype(spec.dtype)
    raise NotRunnableError(f"inputs of the type {spec.dtype} cannot be drawn (input {spec.name})")


_NUMERIC = frozenset(
    ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
)


def sizes(spec: Spec) -> Tuple[int, ...]:
    """Return the shape of one sample with open sizes chosen: small, but not too small for a few poolings."""
    dims = spec.shape[1:] if spec.shape[:1] in ((None,), (1,)) else spec.shape
    chosen = [_SIZES.get(len(spec.shape), _OTHER_SIZE) if dim is None else dim for dim in dims]
    if len(spec.shape) > _IMAGE_RANK and dims[-1] is None:
        chosen[-1] = _CHANNELS
    return tuple(chosen)


def _texture(rng: np.random.RandomState, shape: Tuple[int, ...]) -> Any:
    """Return values from -1 to 1 with structure at several scales.

    White noise alone looks the same to a convolutional network whatever the seed: it averages it away.
    """
    if not shape:
        return np.asarray(1.0)
    drawn = 0.3 * rng.standard_normal(shape)
    for cells in (1, 2, 4, 8):
        coarse = rng.standard_normal([min(size, cells) for size in shape[:-1]] + [shape[-1]])
        for axis, size in enumerate(shape[:-1]):
            coarse = np.take(coarse, np.arange(size) * coarse.shape[axis] // size, axis=axis)
        drawn = drawn + coarse / 2
    return np.tanh(drawn)
