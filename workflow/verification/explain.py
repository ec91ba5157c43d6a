"""What is the matter with the values of a weight, in words: NaN, overflow, one outlier that flattened the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workflow.base.wording import plural

if TYPE_CHECKING:
    from workflow.models.arrays import Array
    from workflow.verification.named_weights import Named

_FLOAT16_ENDS = 65520.0
_FLATTENED = 10.0
"""Steps that cover the middle nine tenths of the values, below which one outlier has taken all the others."""


def not_finite(weight: Named) -> str:
    """Return "3 NaN" and the like for a weight that holds any."""
    return kinds_of_sickness(weight.read())


def kinds_of_sickness(values: Array) -> str:
    """Return how many values are NaN or infinite, in words; empty when none is."""
    if values.dtype.kind not in "fc":
        return ""
    counts = (("NaN", int(np.isnan(values).sum())), ("infinity", int(np.isinf(values).sum())))
    return " and ".join(f"{count:,} times {what}" for what, count in counts if count)


def new_sickness(theirs: Array, ours: Array) -> str:
    """Return "holds NaN where its source has 0.5" for the first value that is no number any more."""
    if ours.dtype.kind != "f":
        return ""
    lost = ~np.isfinite(ours) & np.isfinite(theirs)
    if not lost.any():
        return ""
    at = int(np.argmax(lost))
    word = "NaN" if np.isnan(ours[at]) else "infinity"
    return f"holds {word} where its source has {theirs[at]:.6g} ({int(lost.sum()):,} such values)"


def overflow(stored: str, theirs: Array) -> str:
    """Return the words for a value that float16 does not reach."""
    if stored != "float16" or not theirs.size:
        return ""
    largest = float(np.nanmax(np.abs(theirs)))
    return f"overflows: it holds {largest:.6g}, and float16 ends at 65504" if largest >= _FLOAT16_ENDS else ""


def flattened(name: str, theirs: Array, *, step: float) -> tuple[str, ...]:
    """Return a remark when outliers stretch the range so far that most values share a few steps."""
    finite = theirs[np.isfinite(theirs)]
    if not step or finite.size < 20:  # noqa: PLR2004  too few to speak of a rest
        return ()
    low, high = np.percentile(finite, [5, 95])
    steps = float(high - low) / step
    if steps >= _FLATTENED or high == low:
        return ()
    extreme = float(finite[np.argmax(np.abs(finite - np.median(finite)))])
    share = f"the middle nine tenths of its values share {plural(max(1, round(steps)), 'step')}"
    return (f"the weight {name}: an outlier ({extreme:.4g}) flattened the rest: {share}",)


def place(beyond: Array, shape: tuple[int, ...]) -> str:
    """Return the index of the first value that is marked."""
    return place_of(int(np.argmax(beyond)), shape)


def place_of(flat: int, shape: tuple[int, ...]) -> str:
    """Return a flat index as one of the weight's shape."""
    return str([int(axis) for axis in np.unravel_index(flat, shape)]) if shape else "its one value"
