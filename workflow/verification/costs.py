"""What quantizing costs: how far answers moved because weights were rounded, and whether that is within a goal.

A bound that follows from rounded weights alone may be wider than what an output varies by at all, and then holds for
anything. What a result computes is held against its source with the same weights, tightly; what it lost is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.record_json import Finite, JsonRecord
from workflow.verification import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.recipe.recipes import Verification
    from workflow.verification.figures import Array

AGREEMENT = 0.9
"""The share of inputs to which the largest element is to stay the largest, where nobody says another."""

RELATIVE = 0.25
"""The mean difference, in units of what inputs change on the mean, that is as good."""

_WHOLE = 1e-3

SAMPLES = 16
"""Inputs that are drawn to measure by, where nobody says how many: four agree by chance."""


class Cost(JsonRecord):
    """What an output lost: ``agreement`` None where it has no classes, ``relative`` where inputs change nothing."""

    lenient = True

    output: str
    agreement: Finite | None = None
    relative: Finite | None = None
    met: bool = True


def costs_of(reference: Mapping[str, Any], result: Mapping[str, Any], *, settings: Verification) -> list[Cost]:
    """Return the cost of each output of numbers that both have; the result's are by the reference's names."""
    found = []
    for name, theirs in reference.items():
        ours = result.get(name)
        if ours is not None and theirs.shape == ours.shape and theirs.dtype.kind == "f" and not _is_set(name, settings):
            found.append(_cost(name, theirs, ours, settings=settings))
    return found


def _is_set(name: str, settings: Verification) -> bool:
    """Whether the user says what the output may be off by."""
    own = settings.outputs.get(name)
    given = (settings.atol, settings.rtol, own.atol if own else None, own.rtol if own else None)
    return any(one is not None for one in given)


def _cost(name: str, reference: Array, result: Array, *, settings: Verification) -> Cost:
    theirs, ours = reference.astype(np.float64), result.astype(np.float64)
    agreement = figures.agreement(theirs, ours)
    relative = _relative(theirs, ours)
    goal = settings.agreement
    near = relative is not None and relative <= RELATIVE
    alike = agreement is not None and agreement >= (AGREEMENT if goal is None else goal)
    if goal is not None or (agreement is not None and _are_shares(theirs)):
        met = alike or agreement is None
    else:
        met = alike or near
    return Cost(name, agreement, relative, met)


def _are_shares(values: Array) -> bool:
    """Whether the last axis holds shares of one whole, as a softmax gives them."""
    return bool((values >= 0).all() and np.allclose(values.sum(axis=-1), 1.0, atol=_WHOLE))


def _relative(theirs: Array, ours: Array) -> float | None:
    """Return the mean difference in units of the mean change between inputs; None where there is no change."""
    if theirs.ndim == 0 or len(theirs) < 2 or not theirs.size:  # noqa: PLR2004  one has nothing to change from
        return None
    known = np.isfinite(theirs) & np.isfinite(ours)
    middle = np.nan_to_num(theirs).mean(axis=0)
    change = float(np.mean(np.abs(np.where(known, theirs - middle, 0.0))))
    return float(np.mean(np.abs(np.where(known, theirs - ours, 0.0)))) / change if change else None


def words_of(costs: list[Cost], *, samples: int, settings: Verification) -> str:
    """Return what was lost, and what is allowed, of the outputs that miss their goal; nothing where all meet it."""
    goal = AGREEMENT if settings.agreement is None else settings.agreement
    told = []
    for cost in costs:
        if cost.met:
            continue
        parts = []
        if cost.agreement is not None:
            parts.append(
                f"has the source's largest element for {cost.agreement:.0%} of {samples} inputs (goal {goal:.0%})"
            )
        if cost.relative is not None and settings.agreement is None:
            parts.append(f"is off by {cost.relative:.2g} of what inputs change it by (goal {RELATIVE:g})")
        told.append(f"the output {cost.output} {' and '.join(parts)}")
    return "; ".join(told)
