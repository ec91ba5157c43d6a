"""How much a model may claim: what its files make likely, and as much as any model may have."""

from __future__ import annotations

from typing import Iterable, Optional

from ..failure import JobError
from ..shared.wording import in_words

FREE = 256 << 20
"""Bytes that any model may claim, however small its files are: zeros compress a thousandfold."""

MOST_PACKED = 50
"""How many times more than its files a model may claim beyond that; trained weights hardly shrink."""

LARGEST_TENSOR = 1 << 30
"""Bytes of the largest tensor that a graph may make of constants."""

LARGEST_ANSWER = 512 << 20
"""Bytes of the largest tensor that a model may make of one example where it is run to be compared."""

LARGEST_CONVERTED = 1 << 30
"""Bytes of the largest tensor that a model may make of one example to be converted, which may compute constants."""

LARGEST_SAMPLE = 128 << 20
"""Bytes of the largest input that is drawn: it is made in double precision, several times over."""


def is_likely(claimed: int, held: int) -> bool:
    """Tell whether so many bytes can be what ``held`` bytes of a file stand for."""
    return claimed <= max(FREE, held * MOST_PACKED)


def require_likely(what: str, claimed: int, *, held: int) -> None:
    """Raise ``JobError`` (too_much) where something claims more bytes than the ``held`` ones can stand for."""
    if not is_likely(claimed, held):
        raise too_much(f"{what} claims {in_words(claimed)}, and the file holds {in_words(held)} for it")


def too_much(text: str) -> JobError:
    """Return the error for a model that asks for more than its files can stand for."""
    return JobError("too_much", text)


def leads_out(text: str) -> JobError:
    """Return the error for a model that points to something which is no part of it."""
    return JobError("leads_out", text)


def count(shape: Iterable[Optional[int]]) -> int:
    """Return how many values a shape has for one example: sizes that are open count as one."""
    found = 1
    for size in shape:
        found *= 1 if size is None or size < 0 else int(size)
    return found
