"""How far two outputs are apart, and whether the first varies enough between inputs for that to mean anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.verification.evidence import FiniteSides, Histogram, OutputFigures, ValueRange, WorstElement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

_TOP = 5
_NUMBERS = "fiub"
_LEAST_EXPONENT = -12
_WORST = 5


def joined(pieces: Sequence[Array]) -> Array:
    """Return one array, samples first, of the answers to several feeds."""
    if all(piece.ndim for piece in pieces) and len({piece.shape[1:] for piece in pieces}) == 1:
        return np.concatenate(pieces)
    if len({piece.shape for piece in pieces}) == 1:
        return np.stack(pieces)
    return np.concatenate([piece.reshape(-1) for piece in pieces])


def measure(reference: Array, result: Array) -> OutputFigures:
    """Return the figures of one output; both arrays have one shape, samples first."""
    if reference.dtype.kind not in _NUMBERS or result.dtype.kind not in _NUMBERS:
        return _texts(reference, result)
    ours, theirs = result.astype(np.float64), reference.astype(np.float64)
    far = _distances(theirs, ours)
    numbers = far[np.isfinite(far)]
    finite = theirs[np.isfinite(theirs)]
    largest = float(numbers.max()) if numbers.size else 0.0
    span = float(finite.max() - finite.min()) if finite.size else 0.0
    return OutputFigures(
        dtype=str(reference.dtype),
        shape=tuple(reference.shape),
        max_abs=largest,
        mean_abs=float(numbers.mean()) if numbers.size else 0.0,
        p99=float(np.percentile(numbers, 99)) if numbers.size else 0.0,
        relative=largest / span if span else None,
        cosine=_cosine(theirs, ours),
        top1=_agreement(theirs, ours, 1),
        top5=_agreement(theirs, ours, _TOP),
        finite=FiniteSides(bool(np.isfinite(theirs).all()), bool(np.isfinite(ours).all())),
        lost=int((np.isfinite(theirs) & ~np.isfinite(ours)).sum()),
        reference=_range(finite),
        spread=spread(theirs),
        histogram=histogram(reference, result),
        worst=worst_elements(reference, result),
    )


def distance(reference: Array, result: Array) -> float:
    """Return the largest difference of two arrays of one shape; infinite where only one of them is finite."""
    far = _distances(reference.astype(np.float64), result.astype(np.float64))
    return float(np.nan_to_num(far, nan=np.inf, posinf=np.inf).max()) if far.size else 0.0


def _distances(theirs: Array, ours: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)), 0.0, np.abs(ours - theirs)))


def spread(values: Array) -> float:
    """Return the most that any element changes between samples."""
    if values.ndim == 0 or len(values) < 2 or not values.size:  # noqa: PLR2004  one sample has nothing to differ from
        return 0.0
    finite = np.where(np.isfinite(values), values, 0.0)
    return float(np.max(finite.max(axis=0) - finite.min(axis=0)))


def agreement(reference: Array, result: Array) -> float | None:
    """Return how often the reference's largest element is the result's, too; None where axes cannot mean classes."""
    return _agreement(reference, result, 1)


def accuracy(outputs: Array, labels: Sequence[int]) -> float:
    """Return the share of samples whose largest output (or single output over one half) is the labelled class."""
    flat = outputs.reshape(len(outputs), -1)
    answers = np.argmax(flat, axis=1) if flat.shape[1] > 1 else (flat[:, 0] > 0.5).astype(int)  # noqa: PLR2004
    return float(np.mean(answers == np.asarray(labels)))


def _texts(reference: Array, result: Array) -> OutputFigures:
    differ = [one != other for one, other in zip(_listed(reference), _listed(result), strict=True)]
    return OutputFigures(
        dtype="string",
        shape=tuple(reference.shape),
        max_abs=float(any(differ)),
        mean_abs=float(np.mean(differ)) if differ else 0.0,
        spread=float(len(set(_listed(reference))) > 1),
    )


def _listed(values: Array) -> list[bytes]:
    return [text if isinstance(text, bytes) else str(text).encode() for text in values.reshape(-1).tolist()]


def _range(values: Array) -> ValueRange:
    return ValueRange(float(values.min()), float(values.max()), float(values.std())) if values.size else ValueRange()


def _cosine(one: Array, other: Array) -> float | None:
    both = np.isfinite(one) & np.isfinite(other)
    first, second = one[both].reshape(-1), other[both].reshape(-1)
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.dot(first, second) / size) if size else None


def _agreement(one: Array, other: Array, count: int) -> float | None:
    """Return how often the reference's largest element is among the ``count`` largest, where axes can mean classes."""
    if one.ndim < 2 or not one.size or one.shape[-1] < 2 or (count > 1 and one.shape[-1] <= count):  # noqa: PLR2004
        return None
    best = np.argmax(one, axis=-1)[..., None]
    if count == 1:
        return float(np.mean(np.argmax(other, axis=-1)[..., None] == best))
    largest = np.argpartition(-other, count - 1, axis=-1)[..., :count]
    return float(np.mean((largest == best).any(axis=-1)))


def histogram(expected: Array, actual: Array) -> Histogram:
    """Count the absolute differences by decade; what is below the first edge counts into the first bin."""
    with np.errstate(invalid="ignore"):
        differences = np.abs(_wide(expected) - _wide(actual)).ravel()
    finite = differences[np.isfinite(differences)]
    positive = finite[finite > 0]
    zero, not_finite = int((finite == 0).sum()), int(differences.size - finite.size)
    if positive.size == 0:
        return Histogram((), (), zero, not_finite)
    low = max(_LEAST_EXPONENT, math.floor(math.log10(positive.min())))
    high = max(low + 1, math.floor(math.log10(positive.max())) + 1)
    edges = tuple(10.0**exponent for exponent in range(low, high + 1))
    places = np.clip(np.floor(np.log10(positive)).astype(int) - low, 0, high - low - 1)
    counts = np.bincount(places, minlength=high - low)
    return Histogram(edges, tuple(int(count) for count in counts), zero, not_finite)


def worst_elements(expected: Array, actual: Array, *, count: int = _WORST) -> tuple[WorstElement, ...]:
    """Return the elements that differ most, worst first.

    NaN and infinity where the other has none come before every number; elements that do not differ are left out.
    """
    wanted, got = _wide(expected), _wide(actual)
    with np.errstate(invalid="ignore"):
        differences = np.abs(wanted - got)
    differences[(wanted == got) | (np.isnan(wanted) & np.isnan(got))] = 0.0
    order = np.argsort(-np.nan_to_num(differences, nan=np.inf, posinf=np.inf).ravel(), kind="stable")[:count]
    found = []
    for flat in order:
        place = np.unravel_index(int(flat), differences.shape)
        if differences[place] != 0:
            numbers = (_json_number(one[place]) for one in (wanted, got, differences))
            found.append(WorstElement(tuple(int(axis) for axis in place), *numbers))
    return tuple(found)


def _wide(values: Array) -> Array:
    return np.asarray(values).astype(np.float64)


def _json_number(value: Any) -> float | str:
    """JSON has no NaN: what is not finite is written as text."""
    number = float(value)
    return number if math.isfinite(number) else str(number)
