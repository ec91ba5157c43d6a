"""What a model takes, and how inputs for it are drawn: the same for the same seed, and different from each other.

Python 3.8 and numpy. Whoever runs the source draws: the host for a model that lives in TensorFlow.js, else the worker.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import containment_rules as rules

LARGEST_SAMPLE = 128 << 20
"""Bytes of the largest input that is drawn: it is made in double precision, several times over."""

SCALES = (1.0, 0.1, 10.0, 0.01, 100.0)
"""What drawn numbers are multiplied by, one after the other, until the model's answers to them differ."""

Named = List[Tuple[str, Any]]
"""The outputs of one run by name."""

Piece = Tuple[List[Any], int]
"""What goes into a model at once, one array per input, and how many samples that is."""

Lively = Tuple[List[Piece], List[Named], float]
"""What was fed, the answers, and what drawn numbers were multiplied by."""

_SIZES = {4: 64, 5: 16}
_OTHER_SIZE = 32
_CHANNELS = 3
_IMAGE_RANK = 3
_SMALL_INTEGERS = 10
_LENGTHS = (16, 64, 8, 10, 28, 100, 128, 224, 4, 12, 20, 24, 48)
_ITEM = 4
_CHUNK_BYTES = 8 << 20
_ALIKE = 1e-4
_SHOWN_STEPS = 2  # a sequence that is masked from its first step on has nothing to compute with


class UndrawableError(ValueError):
    """Inputs of which it is not known how to draw them."""


_NOT_IN_TABLE = re.compile(r"\] = -?\d+ is not in \[0, (\d+)\)")
"""How TensorFlow refuses an index that a table does not have, on a processor."""

UNKNOWN_WORD = "no word of the model's"
_MOST_WORDS = 64


def words_of(known: Sequence[str]) -> Tuple[str, ...]:
    """Return what to draw texts of: words that a model knows, and one that it does not."""
    plain = [word for word in known if word][:_MOST_WORDS]
    return (*plain, UNKNOWN_WORD) if plain else ()


class Spec(NamedTuple):
    """One input: ``shape`` with the batch first, None where the size is open. Integers stay below ``bound``."""

    name: str
    shape: Tuple[Optional[int], ...]
    dtype: str
    bound: Optional[int] = None
    pixels: bool = False
    """Whether the model takes values from 0 to 255 (it rescales them itself) where others take -1 to 1."""

    blank: Optional[float] = None
    """What a step holds that the model masks; None where it masks none."""

    words: Tuple[str, ...] = ()
    """What a text is one of: words that the model has a number for, and one that it has not."""

    @property
    def batched(self) -> bool:
        """Whether any number of samples goes in at once."""
        return bool(self.shape) and self.shape[0] is None


def draw(specs: Sequence[Spec], samples: int, *, seed: int, length: Optional[int] = None) -> List[Any]:
    """Return one array per input, samples first. Where the batch is fixed and not 1, a sample is a whole batch.

    ``length`` is what open sizes become, if not what usually serves.

    Raises ``UndrawableError`` for an input of an unknown kind, and for one whose samples would fill the memory.
    """
    chosen = [spec if length is None else spec._replace(shape=_closed(spec, length)) for spec in specs]
    for spec in chosen:
        _require_moderate(spec)
    return [np.stack([_sample(spec, seed, number) for number in range(samples)]) for spec in chosen]


def lengths_of(specs: Sequence[Spec]) -> Tuple[Optional[int], ...]:
    """Return what open sizes may become, one after the other until a model takes them; None is what usually serves."""
    return (None, *_LENGTHS) if any(None in spec.shape[1:] for spec in specs) else (None,)


def within_tables(specs: Sequence[Spec], refusal: str) -> Tuple[Spec, ...]:
    """Return the inputs with numbers that fit the table in which TensorFlow says one was looked up in vain.

    Integers are what is looked up, or, where no input is one, whole numbers among the others. Empty where the refusal
    speaks of no table, or of none that is smaller than what is drawn already.
    """
    told = _NOT_IN_TABLE.search(refusal)
    size = int(told[1]) if told is not None else 0
    if not size:
        return ()
    whole = [spec for spec in specs if _kind(spec) in ("i", "u")]
    looked_up = whole or [spec for spec in specs if _kind(spec) == "f"]
    if all(spec.bound is not None and spec.bound <= size for spec in looked_up):
        return ()
    bounded = [spec._replace(bound=min(size, spec.bound or size)) for spec in looked_up]
    return tuple(bounded[looked_up.index(spec)] if spec in looked_up else spec for spec in specs)


def _kind(spec: Spec) -> str:
    """Return numpy's letter for the kind of an input's numbers; a question mark for what holds none."""
    return np.dtype(spec.dtype).kind if spec.dtype in _NUMERIC else "?"


def _closed(spec: Spec, length: int) -> Tuple[Optional[int], ...]:
    """Return a shape whose open sizes, but for the batch and the channels of images, have become a length."""
    usual = sizes(spec)
    rest = [length if size is None else size for size in spec.shape[1:]]
    if len(spec.shape) > _IMAGE_RANK and spec.shape[-1] is None:
        rest[-1] = usual[-1]
    return (*spec.shape[:1], *rest)


def lively(
    specs: Sequence[Spec],
    arrays: Sequence[Any],
    *,
    batches: Sequence[int],
    run: Callable[[List[Any]], Named],
    scales: Sequence[float] = SCALES,
) -> Lively:
    """Return what was fed, the answers, and what drawn inputs were multiplied by so that these differ; 1 if none does.

    ``batches`` are the sizes of the first pieces; the rest of the samples follows in chunks.
    """
    tried = []
    for scale in scales:
        fed = list(pieces(specs, scaled(specs, arrays, factor=scale), batches=batches))
        answers = [run(piece) for piece, _ in fed]
        tried.append((fed, answers, scale))
        if differ(answers):
            return tried[-1]
    return tried[0]


def scaled(specs: Sequence[Spec], arrays: Sequence[Any], *, factor: float) -> List[Any]:
    """Return drawn arrays multiplied by a factor, where their values may be any numbers."""
    return [
        (array * array.dtype.type(factor)) if _is_free(spec) and factor != 1.0 else array
        for spec, array in zip(specs, arrays)
    ]


def _is_free(spec: Spec) -> bool:
    return spec.dtype.startswith("float") and spec.bound is None and not spec.pixels


def pieces(specs: Sequence[Spec], arrays: Sequence[Any], *, batches: Sequence[int]) -> Iterator[Piece]:
    """Yield what goes in at once, and how many samples that is; one sample where the batch is fixed."""
    total = len(arrays[0]) if arrays else 0
    if not all(spec.batched for spec in specs):
        for number in range(total):
            yield [_alone(array[number], spec) for array, spec in zip(arrays, specs)], 1
        return
    each = max(1, sum(array[:1].nbytes for array in arrays))
    begin, sizes_left = 0, list(batches)
    while begin < total:
        size = min(sizes_left.pop(0) if sizes_left else max(1, _CHUNK_BYTES // each), total - begin)
        yield [_as(array[begin : begin + size], spec) for array, spec in zip(arrays, specs)], size
        begin += size


def _alone(array: Any, spec: Spec) -> Any:
    sample = _as(array, spec)
    missing = len(spec.shape) - sample.ndim
    return sample.reshape((1,) * missing + sample.shape) if missing > 0 else sample


def _as(array: Any, spec: Spec) -> Any:
    return array if spec.dtype == "string" else array.astype(spec.dtype)


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


def _require_moderate(spec: Spec) -> None:
    size = _ITEM * int(np.prod([float(size) for size in sizes(spec)]))
    if size > LARGEST_SAMPLE:
        words = f"one sample of the input {spec.name} takes {rules.in_words(size)}"
        raise UndrawableError(f"{words}; samples are drawn up to {rules.in_words(LARGEST_SAMPLE)}")


def _sample(spec: Spec, seed: int, number: int) -> Any:
    rng = np.random.RandomState([seed, number, zlib.crc32(spec.name.encode())])
    drawn = _values(spec, rng)
    if spec.blank is not None:
        _mask(drawn, spec, number)
    return drawn


def _values(spec: Spec, rng: np.random.RandomState) -> Any:
    shape = sizes(spec)
    if spec.dtype == "bool":
        return rng.randint(0, 2, shape).astype(bool) if shape else np.asarray(False)
    if spec.dtype == "string" and spec.words:
        return np.asarray(spec.words, dtype=object)[rng.randint(0, len(spec.words), shape)]
    kind = _kind(spec)
    if spec.bound is not None and kind in "iuf":
        return np.asarray(rng.randint(0, spec.bound, shape)).astype(spec.dtype)
    if kind in "iu":
        image = len(shape) >= _IMAGE_RANK
        drawn = _texture(rng, shape) * 127.5 + 127.5 if image else rng.randint(0, _SMALL_INTEGERS, shape)
        return np.asarray(np.clip(drawn, 0, 127 if spec.dtype == "int8" else 255)).astype(spec.dtype)
    if kind == "f":
        drawn = _texture(rng, shape)
        return (drawn * 127.5 + 127.5 if spec.pixels else drawn).astype(spec.dtype)
    raise UndrawableError(f"inputs of the type {spec.dtype} cannot be drawn (input {spec.name})")


def _mask(drawn: Any, spec: Spec, number: int) -> None:
    """Blank the last steps of every second sample, and one in the middle of every fourth."""
    steps = drawn.shape[0] if drawn.ndim else 0
    if number % 2 and steps > _SHOWN_STEPS:
        drawn[-(1 + number // 2 % (steps - _SHOWN_STEPS)) :] = spec.blank
    if number % 4 == 3 and steps > _SHOWN_STEPS:  # noqa: PLR2004  every fourth
        drawn[1] = spec.blank


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
