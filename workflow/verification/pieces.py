"""Parts of a source's weights that converters store for themselves: gates of a cell, groups of filters."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Shape = tuple[int, ...]

_MOST = 4096
_MOST_ROWS = 8
_ZEROS = re.compile(r"(^|/)zeros(_like)?(_\d+)?(/Const(_\d+)?)?$")


def places_in(whole: Shape, part: Shape) -> Iterator[tuple[slice, ...]]:
    """Yield where an array of one shape may have been cut out of one of another, along one axis, in equal steps."""
    yield from _along(whole, part, most=_MOST)
    if len(whole) == len(part) + 1 and whole[0] <= _MOST_ROWS:
        yield from _along(whole, (1, *part), most=_MOST_ROWS)


def _along(whole: Shape, part: Shape, *, most: int) -> Iterator[tuple[slice, ...]]:
    if len(whole) != len(part):
        return
    axes = [axis for axis, (large, small) in enumerate(zip(whole, part, strict=True)) if large != small]
    if len(axes) != 1 or not 0 < part[axes[0]] < whole[axes[0]]:
        return
    axis = axes[0]
    step = math.gcd(whole[axis], part[axis])
    begins = range(0, whole[axis] - part[axis] + 1, step)
    for begin in begins if len(begins) <= most else ():
        yield (*(slice(None),) * axis, slice(begin, begin + part[axis]))


def is_called_zeros(name: str) -> bool:
    """Whether the name of a node says that it holds zeros, such as a state to begin with: no weight is called so."""
    return _ZEROS.search(name) is not None
