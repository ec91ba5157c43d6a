"""What a report shows of one output's differences beside its summary: their distribution and the worst elements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST_EXPONENT = -12
_WORST = 5


def histogram(expected: NDArray[np.generic], actual: NDArray[np.generic]) -> dict[str, Any]:
    """Count the absolute differences by decade: ``{"zero", "edges", "counts", "not_finite"}``.

    ``edges`` are powers of ten, one more than ``counts``; what is below the first edge counts into the first bin.
    """
    import numpy as np  # noqa: PLC0415  for those who compare, not for --help

    with np.errstate(invalid="ignore"):
        differences = np.abs(_wide(expected) - _wide(actual)).ravel()
    finite = differences[np.isfinite(differences)]
    positive = finite[finite > 0]
    facts = {"zero": int((finite == 0).sum()), "not_finite": int(differences.size - finite.size)}
    if positive.size == 0:
        return {**facts, "edges": [], "counts": []}
    low = max(_LEAST_EXPONENT, math.floor(math.log10(positive.min())))
    high = max(low + 1, math.floor(math.log10(positive.max())) + 1)
    edges = [10.0**exponent for exponent in range(low, high + 1)]
    places = np.clip(np.floor(np.log10(positive)).astype(int) - low, 0, high - low - 1)
    counts = np.bincount(places, minlength=high - low)
    return {**facts, "edges": edges, "counts": [int(count) for count in counts]}


def worst_elements(
    expected: NDArray[np.generic], actual: NDArray[np.generic], *, count: int = _WORST
) -> list[dict[str, Any]]:
    """Return the elements that differ most, worst first: ``{"index", "expected", "actual", "difference"}``.

    NaN and infinity where the other has none come before every number; elements that do not differ are left out.
    """
    import numpy as np  # noqa: PLC0415  as above

    wanted, got = _wide(expected), _wide(actual)
    with np.errstate(invalid="ignore"):
        differences = np.abs(wanted - got)
    differences[(wanted == got) | (np.isnan(wanted) & np.isnan(got))] = 0.0
    order = np.argsort(-np.nan_to_num(differences, nan=np.inf, posinf=np.inf).ravel(), kind="stable")[:count]
    found = []
    for flat in order:
        place = np.unravel_index(int(flat), differences.shape)
        if differences[place] != 0:
            numbers = {"expected": wanted[place], "actual": got[place], "difference": differences[place]}
            index = [int(axis) for axis in place]
            found.append({"index": index, **{key: _json_number(value) for key, value in numbers.items()}})
    return found


def _wide(values: NDArray[np.generic]) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415  as above

    return np.asarray(values).astype(np.float64)


def _json_number(value: Any) -> float | str:
    """JSON has no NaN: what is not finite is written as text."""
    number = float(value)
    return number if math.isfinite(number) else str(number)
