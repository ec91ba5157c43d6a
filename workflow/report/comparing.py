"""Two runs side by side: what became better, what worse, and what is only in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workflow.base.wording import (
    UNKNOWN,
    accuracy_text,
    difference_text,
    milliseconds_text,
    seconds_text,
    size_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.report.record import PlaceRun, RunRecord, StepRecord

Tendency = Literal["same", "better", "worse", "changed"]


@dataclass(frozen=True)
class Figure:
    """A kind of number that both runs have: how it is written, and from which relative change on it counts."""

    name: str
    write: Callable[[float | None], str]
    noise: float
    more_is_better: bool = False


@dataclass(frozen=True)
class Change:
    """One figure of one step before and after."""

    step: str
    figure: str
    before: str
    after: str
    tendency: Tendency


_SIZE = Figure("size", lambda value: UNKNOWN if value is None else size_text(value), 0.0)
_SECONDS = Figure("conversion", seconds_text, 0.25)
_ACCURACY = Figure("accuracy", accuracy_text, 0.0, more_is_better=True)
_DIFFERENCE = Figure("difference", difference_text, 0.01)
_MEDIAN = Figure("median", milliseconds_text, 0.25)
_WORDS = {"passed": 2, "incomplete": 1, "failed": 0}


def compare(before: RunRecord, after: RunRecord) -> list[Change]:
    """Return every figure of the steps of both runs; a step or place of one run alone is ``changed``."""
    olds = {step.step: step for step in before.steps}
    news = {step.step: step for step in after.steps}
    found: list[Change] = []
    for name in dict.fromkeys((*olds, *news)):
        old, new = olds.get(name), news.get(name)
        if old is None or new is None:
            found.append(
                Change(
                    name, "step", UNKNOWN if old is None else "there", UNKNOWN if new is None else "there", "changed"
                )
            )
        else:
            found += _step_changes(old, new)
    return found


def _step_changes(old: StepRecord, new: StepRecord) -> Iterator[Change]:
    yield Change(old.step, "verdict", old.verdict, new.verdict, _order(_WORDS[old.verdict], _WORDS[new.verdict]))
    numbers = (
        (_SIZE, _raw(old), _raw(new)),
        (_SECONDS, _converting(old), _converting(new)),
        (_ACCURACY, _accuracy(old), _accuracy(new)),
    )
    for figure, before, after in numbers:
        yield from _change(old.step, figure, (before, after))
    places = {run.place: run for run in new.runs}
    for run in old.runs:
        yield from _place_changes(old.step, run, places.get(run.place))


def _place_changes(step: str, old: PlaceRun, new: PlaceRun | None) -> Iterator[Change]:
    if new is None or new.status != old.status:
        after = UNKNOWN if new is None else new.status
        yield Change(step, old.place, old.status, after, "worse" if old.status == "passed" else "changed")
        return
    for figure, before, after_ in (
        (_DIFFERENCE, old.max_abs, new.max_abs),
        (_MEDIAN, old.timing.median_ms, new.timing.median_ms),
    ):
        for change in _change(step, figure, (before, after_)):
            yield Change(step, f"{old.place} {change.figure}", change.before, change.after, change.tendency)


def _change(step: str, figure: Figure, values: tuple[float | None, float | None]) -> Iterator[Change]:
    before, after = values
    if before is None and after is None:
        return
    tendency: Tendency = "changed"
    if before is not None and after is not None:
        small = abs(after - before) <= figure.noise * max(abs(before), abs(after))
        sign = 1 if figure.more_is_better else -1
        tendency = "same" if small else _order(sign * before, sign * after)
    yield Change(step, figure.name, figure.write(before), figure.write(after), tendency)


def _order(before: float, after: float) -> Tendency:
    return "same" if before == after else "better" if after > before else "worse"


def _raw(step: StepRecord) -> float | None:
    return float(step.bytes) if step.bytes else None


def _converting(step: StepRecord) -> float | None:
    return step.seconds or None


def _accuracy(step: StepRecord) -> float | None:
    return min((run.accuracy.result for run in step.runs if run.accuracy is not None), default=None)
