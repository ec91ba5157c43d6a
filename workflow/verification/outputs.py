"""The fourth level: the source where it lives against the result in every place where it is meant to live."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflow.base import bugs
from workflow.base.errors import ModelFileError, OversizedModelError, VerificationError, WorkflowError
from workflow.verification import asking, figures
from workflow.verification.evidence import PYTHON, Accuracy, Finding, LevelReport, Place, PlaceReport
from workflow.verification.judging import Judge, Judgement, read_all
from workflow.verification.requests import NotRun, RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.recipe.recipes import Verification
    from workflow.verification.asking import Ask, Places, SourceAnswer
    from workflow.verification.judging import Outputs
    from workflow.verification.requests import Subject

    AskAt = Callable[[Place], Ask]
    """Gives what a place is asked."""

    JudgeAt = Callable[[Place], Judge | NotRun]
    """Gives what judges the answers of a place, or why there is nothing there to hold them against."""

DEFAULT_BACKENDS: dict[str, tuple[str | None, ...]] = {
    "python": (None,),
    "node": ("wasm",),
    "browser": ("webgl", "wasm"),
}
_UNSTEADY = (
    "one rounding of its inputs moves the source's own output {} as much as other inputs do, so that agreement within "
    "what rounding explains proves nothing"
)
FIRST, SECOND = Place("node", "wasm"), Place("node", "cpu")
"""Where TensorFlow.js models are asked, and where again when something is off: the backends round otherwise."""

_TWO_BACKENDS = (
    "a fact about the source, and no fault of the result: its output {} differs between {} and {}; the result agrees "
    "with the latter"
)
_REFUSED = NotRun("Python refuses the model as one that no place should run", "")
_OF_LAYERS = frozenset({"keras", "keras_keras", "tfjs_layers_model"})


@dataclass(frozen=True)
class Trial:
    """One place: what the result answered there, judged, or why it did not run."""

    place: Place
    judgement: Judgement | None = None
    not_run: NotRun | None = None
    failure: str = ""
    answers: asking.Answers | None = None
    seconds: float | None = None
    is_unsafe: bool = False
    """Whether the model was refused there for what it would do to any place."""


class Reload:
    """What a place must answer but for rounding, as far as that is known.

    Of Python, ``in_python``: what the source answers there with the result's own weights. Of others, what the same file
    answered in Python to the first ``lead`` feeds, unless the source is asked in ``each`` place for itself: that gives
    what it answers in a place with the result's weights.
    """

    def __init__(
        self, in_python: Outputs | None, *, lead: int, each: Callable[[Place], Outputs | None] | None = None
    ) -> None:
        self._in_python = in_python
        self._elsewhere: Outputs | None = None
        self._each = each
        self._lead = lead
        self._known: dict[Place, Outputs | None] = {}

    def answered(self, run: Trial) -> None:
        """Take notice of what the result answered in Python."""
        if run.answers is not None and run.judgement is not None and self._each is None:
            names = {other: name for name, other in run.judgement.pairs}
            first = read_all(run.answers.outputs[: self._lead])
            self._elsewhere = {names[name]: array for name, array in first.items() if name in names}

    def at(self, place: Place) -> Outputs | None:
        """Return what a place must answer, None where nothing is known."""
        if self._each is not None:
            if place not in self._known:
                self._known[place] = self._each(place)
            return self._known[place]
        return self._in_python if place == PYTHON else self._elsewhere


def places_of(result: Subject, settings: Verification) -> list[Place]:
    """Return where a result is to be run: Python first; TensorFlow.js models in JavaScript too."""
    asked = [
        Place(runtime, backend)
        for runtime in settings.runtimes
        for backend in (settings.backends.get(runtime) or DEFAULT_BACKENDS[runtime])
    ]
    javascript = [place for place in asked if place.runtime != "python"] if result.is_tfjs else []
    return [PYTHON, *javascript] if "python" in settings.runtimes or not javascript else javascript


def with_results_weights(source: Subject, ask: Ask, *, places: Places) -> Any:
    """Return what the source answers with the weights of a quantized result; None where it has others, or ``NotRun``.

    It differs from the source by what quantizing does, and from the result by nothing but rounding.
    """
    if source.format not in _OF_LAYERS or ask.subject.format != "tfjs_layers_model":
        return None
    asked = replace(ask, subject=source, folder=ask.folder / "weights", repeat=0)
    try:
        answers = asking.in_python(places, asked, weights=ask.subject.path)
    except WorkflowError as error:
        return NotRun(error.message, error.hint)  # the result itself is run next, and tells more
    return answers if isinstance(answers, NotRun) else read_all(answers.outputs)


def run_places(
    ask_at: AskAt, judge_at: JudgeAt, *, where: Sequence[Place], places: Places, reload: Reload
) -> list[Trial]:
    """Run a result everywhere and judge what it answers; one place that fails does not keep others from running.

    What Python refuses for what it would do anywhere is run in no place after it.
    """
    runs: list[Trial] = []
    for place in where:
        if any(run.is_unsafe for run in runs):
            runs.append(Trial(place, not_run=_REFUSED))
            continue
        run = Trial(place)
        try:
            judge = judge_at(place)
            if isinstance(judge, NotRun):
                runs.append(Trial(place, not_run=judge, seconds=0.0))
                continue
            run = _judged(_run(ask_at(place), places, place=place), judge, reload.at(place))
        except WorkflowError:
            raise
        except Exception as error:  # noqa: BLE001  a bug of ours in one place says nothing of the others
            told = bugs.as_error(error)
            run = replace(run, failure=f"{told.message}: please report it with {told.log}")
        if place == PYTHON and run.judgement is not None and run.answers is not None:
            reload.answered(run)
        runs.append(run)
    return runs


def other_keras(ask: Ask, judge: Judge, *, places: Places) -> str:
    """Return what today's Keras makes of a file for Keras, in words; empty where it is not there."""
    try:
        found = asking.in_keras3(places, ask)
        if found is None:
            return ""
        if isinstance(found, NotRun):
            return f"does not open in Keras 3: {found.why}"
        version = found.versions.get("keras", "3")
        apart = judge.judge(read_all(found.outputs), f"Keras {version}").findings
    except (WorkflowError, ValueError, OSError) as error:
        return f"does not run in Keras 3: {error}"
    return (
        f"opens in Keras {version} and computes otherwise there: {apart[0].text}"
        if apart
        else f"opens in Keras {version}, too"
    )


def judged_again(runs: Sequence[Trial], judge_at: JudgeAt, *, reload: Reload) -> list[Trial]:
    """Judge what was answered by other bounds; nothing is run."""
    found = []
    for run in runs:
        judge = judge_at(run.place)
        known = run.judgement is None or isinstance(judge, NotRun)
        found.append(run if known or isinstance(judge, NotRun) else _judged(run, judge, reload.at(run.place)))
    return found


def by_second_backend(
    judge: Judge, runs: list[Trial], *, answered: Callable[[], tuple[Path, ...] | NotRun]
) -> tuple[Judge, list[Trial], tuple[str, ...]]:
    """Hold what Python answers to the source on ``SECOND``, where it disagrees with ``FIRST``, and say so.

    What a result computes otherwise than both, and what was run elsewhere, stays judged as it was.
    """
    wrong = [finding for run in runs if run.judgement for finding in run.judgement.findings]
    if not wrong or any(run.place != PYTHON for run in runs):
        return judge, runs, ()
    answers = answered()
    if isinstance(answers, NotRun):
        return judge, runs, ()
    other = replace(judge, reference=read_all(answers))
    again = judged_again(runs, lambda _: other, reload=Reload(None, lead=len(answers)))
    if any(run.judgement and run.judgement.findings for run in again):
        return judge, runs, ()
    return other, again, (_TWO_BACKENDS.format(wrong[0].subject, FIRST, SECOND),)


def level(runs: Sequence[Trial], judge: Judge, *, samples: int, seconds: float) -> LevelReport:
    """Return the verdict over all places: a failure anywhere fails, a dead reference is no proof."""
    findings = [finding for run in runs if run.judgement for finding in run.judgement.findings]
    findings += [Finding(f"run in {run.place}, the result fails: {run.failure}") for run in runs if run.failure]
    ran = [run for run in runs if run.judgement is not None]
    facts: dict[str, Any] = {"samples": samples, "places": [str(run.place) for run in ran]}
    said = tuple(_fallback(run) for run in ran if run.answers and run.answers.facts.get("fallback"))
    if findings:
        return LevelReport("outputs", "failed", tuple(findings), remarks=said, facts=facts, seconds=seconds)
    if not ran:
        whys = "; ".join(dict.fromkeys(run.not_run.why for run in runs if run.not_run))
        return LevelReport("outputs", "not run", why=whys, facts=facts, seconds=seconds)
    dead = judge.dead()
    facts["dead"] = dead
    unsteady = sorted({name for run in ran if run.judgement for name in run.judgement.unsteady})
    if unsteady:
        facts["unsteady"] = unsteady
        why = _UNSTEADY.format(", ".join(unsteady))
        return LevelReport("outputs", "no proof", why=why, remarks=said, facts=facts, seconds=seconds)
    if dead and len(dead) == len(judge.reference):
        why = f"the source answers nearly the same to all {samples} inputs, so that agreement proves nothing"
        return LevelReport("outputs", "no proof", why=why, remarks=said, facts=facts, seconds=seconds)
    remarks = [
        *said,
        *(f"the output {name} hardly changes between inputs: its agreement proves little" for name in dead),
    ]
    return LevelReport("outputs", "passed", remarks=tuple(remarks), facts=facts, seconds=seconds)


def _fallback(run: Trial) -> str:
    """Return that a place was asked for and another one computed."""
    told = run.answers.facts["fallback"] if run.answers else {}
    return f"{run.place} was asked for and {told['to']} computed it, for {told['why']}"


def _run(ask: Ask, places: Places, *, place: Place) -> Trial:
    begin = time.perf_counter()
    try:
        answers = asking.answers(ask, places, place=place)
    except RuntimeFailure as failure:
        return Trial(place, failure=f"{failure.kind}: {failure.message}")
    except (VerificationError, ModelFileError) as error:
        return Trial(place, failure=error.message, is_unsafe=isinstance(error, OversizedModelError))
    seconds = round(time.perf_counter() - begin, 3)
    made_for_python = place == PYTHON and not ask.subject.is_tfjs
    if isinstance(answers, NotRun) and made_for_python and not answers.absent:
        return Trial(place, failure=f"Python does not load it: {answers.why}", seconds=seconds)
    if isinstance(answers, NotRun):
        return Trial(place, not_run=answers, seconds=seconds)
    return Trial(place, answers=answers, seconds=seconds)


def _judged(run: Trial, judge: Judge, reload: Any) -> Trial:
    if run.answers is None:
        return run
    try:
        answers = read_all(run.answers.outputs)
    except (ValueError, OSError) as problem:
        return replace(run, failure=f"its outputs cannot be read: {problem}")
    return replace(run, judgement=judge.judge(answers, str(run.place), reload=reload))


def report_of(run: Trial, source: SourceAnswer, *, judge: Judge) -> PlaceReport:
    """Return what was found in one place."""
    told = PlaceReport(run.place.runtime, "failed", run.place.backend, run.seconds)
    if run.not_run is not None:
        return told.replaced(status="not run", why=run.not_run.why, remedy=run.not_run.remedy)
    if run.judgement is None or run.answers is None:
        return told.replaced(why=run.failure)
    wrong = run.judgement.findings
    return told.replaced(
        status="failed" if wrong else "passed",
        why="; ".join(finding.text for finding in wrong),
        outputs=run.judgement.outputs,
        accuracy=accuracy(run, source, judge=judge),
        samples=source.facts.get("samples"),
        timings=run.answers.timings,
        facts=dict(run.answers.facts),
        versions=dict(run.answers.versions),
        load_average=run.answers.load_average,
    )


def accuracy(run: Trial, source: SourceAnswer, *, judge: Judge) -> Accuracy | None:
    """Return the share of labelled samples that source and result answer right, by their first output."""
    labels = source.labels
    if labels is None or run.judgement is None or not judge.reference or not run.judgement.joined:
        return None
    name = next(iter(judge.reference))
    if name not in run.judgement.joined or len(judge.reference[name]) != len(labels):
        return None
    theirs, ours = judge.reference[name], run.judgement.joined[name]
    return Accuracy(figures.accuracy(theirs, labels), figures.accuracy(ours, labels))


def why_no_accuracy(source: SourceAnswer, *, judge: Judge) -> str:
    """Return why the share of right answers is unknown."""
    if source.labels is None:
        return "there are no labels; give `inputs` and the `labels` of their classes"
    name = next(iter(judge.reference), "")
    count = len(judge.reference[name]) if name else 0
    if count != len(source.labels):
        return f"the first output, {name or '(none)'}, has {count} answers for {len(source.labels)} labels"
    return f"the result's output for {name} cannot be compared with the labels"
