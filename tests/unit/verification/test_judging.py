"""Judging one place: NaN is a fault wherever the source has a number, whatever else the source has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workflow.recipe.recipes import Verification
from workflow.verification.asking import OutputNames
from workflow.verification.judging import Judge
from workflow.verification.tolerances import Tolerances

NAN, INF = np.nan, np.inf
SOURCE = np.array([[-INF, 0.0, 1.0], [2.0, -1.0, NAN]], np.float32)


def judged(answer: Any) -> tuple[str, ...]:
    judge = Judge({"out": SOURCE}, OutputNames(), Tolerances(16, 0.0, Verification()))
    return tuple(one.text for one in judge.judge({"out": np.array(answer, np.float32)}, "python").findings)


def test_what_the_source_itself_does_not_have_is_no_fault() -> None:
    assert judged(SOURCE) == ()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.full((2, 3), NAN), "holds nan at [0, 1] where its source has a number"),
        ([[-INF, 0.0, 1.0], [INF, -1.0, NAN]], "holds inf at [1, 0] where its source has a number"),
        ([[-INF, 0.0, 1.0], [2.5, -1.0, NAN]], "differs by up to 0.5"),
    ],
)
def test_a_source_with_infinity_somewhere_hides_nothing(answer: Any, words: str) -> None:
    (text,) = judged(answer)
    assert words in text


SHARES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)


def bounds(noise: float, *, knows_weights: bool = False, **settings: Any) -> list[float | None]:
    judge = Judge({"out": SHARES}, OutputNames(), Tolerances(16, noise, Verification(**settings)), knows_weights)
    return [one.bound for one in judge.judge({"out": SHARES}, "python").outputs]


def test_a_bound_that_shares_cannot_exceed_is_none() -> None:
    (exact,) = bounds(0.0)
    assert exact is not None
    assert exact < 1e-3
    assert bounds(0.01) == [None]
    (tight,) = bounds(1e-4)
    assert tight is not None
    assert exact < tight < 0.1


def test_where_the_cost_is_measured_no_bound_is_told_but_the_users() -> None:
    assert bounds(1e-4, knows_weights=True) == [None]
    assert bounds(1e-4, knows_weights=True, atol=0.25) == [0.25]
