"""Runs of a quantized result's source with the result's weights, and of the result with the source's.

Both separate what a converter did wrong, which rounding alone bounds, from what quantizing costs, which is measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.base.errors import WorkflowError
from workflow.verification import asking, reweighted, tolerances
from workflow.verification.judging import read_all
from workflow.verification.requests import NotRun, RuntimeFailure

if TYPE_CHECKING:
    from workflow.verification.asking import Ask, Places
    from workflow.verification.evidence import Finding, Place
    from workflow.verification.judging import Judge, Outputs
    from workflow.verification.requests import Subject

_INSTEAD = " (with its source's weights in place of the quantized ones)"


def sources_answers(source: Subject, ask: Ask, *, place: Place, places: Places) -> Outputs | None:
    """Return what a TensorFlow.js source answers in a place with the weights of the result that ``ask`` is about."""
    folder = ask.folder / f"source_{str(place).replace(' ', '_')}"
    subject = reweighted.with_results_weights(source, ask.subject, folder=folder)
    if subject is None:
        return None
    return _answers(replace(ask, subject=subject, folder=folder, inputs={}, repeat=0), place=place, places=places)


@dataclass(frozen=True)
class Tried:
    """What a graph with its source's weights answered at home, and which weights it does not know."""

    answers: Outputs
    lossy: tuple[str, ...]

    def findings(self, judge: Judge, place: Place, *, noise: float) -> tuple[Finding, ...]:
        """Return what is wrong with the answers; ``noise`` is that of the weights that stayed quantized."""
        strict = replace(judge, tolerances=replace(judge.tolerances, noise=noise), knows_weights=False)
        wrong = strict.judge(self.answers, str(place)).findings
        return tuple(one.replaced(text=one.text + _INSTEAD) for one in wrong)


def tried(source: Subject, ask: Ask, *, place: Place, places: Places) -> Tried | None:
    """Run a quantized graph with its source's weights where the source was asked; None where that cannot be."""
    folder = ask.folder / "restored"
    restored = reweighted.with_sources_weights(ask.subject, source, folder=folder)
    if restored is None:
        return None
    asked = replace(ask, subject=restored.subject, folder=folder, repeat=0)
    answers = _answers(asked, place=place, places=places)
    return None if answers is None else Tried(answers, restored.lossy)


def noise_left(result: Subject, source: Subject, *, lossy: tuple[str, ...]) -> float:
    """Return the error that those weights bring of which it is not known what they were before."""
    return tolerances.noise(result, source, names=frozenset(lossy)) if lossy else 0.0


def _answers(ask: Ask, *, place: Place, places: Places) -> Outputs | None:
    try:
        answers = asking.answers(ask, places, place=place)
        return None if isinstance(answers, NotRun) else read_all(answers.outputs)
    except (WorkflowError, RuntimeFailure, ValueError, OSError):
        return None  # the result itself is run, and tells more
