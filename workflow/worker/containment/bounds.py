"""How much a model may make where it runs, and the errors for one that claims too much or leads out of itself."""

from __future__ import annotations

from typing import Iterable, Optional

from ..failure import JobError
from ..shared import containment_rules as rules

LARGEST_TENSOR = 1 << 30
"""Bytes of the largest tensor that a graph may make of constants."""

LARGEST_ANSWER = 512 << 20
"""Bytes of the largest tensor that a model may make of one example where it is run to be compared."""

LARGEST_CONVERTED = 1 << 30
"""Bytes of the largest tensor that a model may make of one example to be converted, which may compute constants."""


def require_likely(what: str, claimed: int, *, held: int) -> None:
    """Raise ``JobError`` (too_much) where something claims more bytes than the ``held`` ones can stand for."""
    refuse(rules.claim_fault(what, claimed, held=held))


def refuse(fault: Optional[rules.Fault]) -> None:
    """Raise ``JobError`` (leads_out, too_much) for what is wrong with a model, if anything is."""
    if fault is not None:
        raise JobError(fault.kind, fault.text)


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
