"""The fourth level: the source in Python against the result in every place where it is meant to live."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import bugs
from workflow.base.errors import ModelFileError, OversizedModelError, VerificationError, WorkflowError
from workflow.verification import figures, places
from workflow.verification.judging import Judge, Judgement, read_all
from workflow.verification.model import Finding, LevelReport, NotRun, RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.recipe.recipes import Verification
    from workflow.verification.model import Subject
    from workflow.verification.places import Ask, Bench, Feed

DEFAULT_BACKENDS: dict[str, tuple[str | None, ...]] = {
    "python": (None,),
    "node": ("wasm",),
    "browser": ("webgl", "wasm"),
}
_VAGUE = (
    "quantizing weights may shift the outputs by as much as the source's change between inputs at all, and those of "
    "the result do not change alike, so that agreement within that bound proves nothing"
)
_NONSENSE = "a model's own code may have written that: do not use the model unless you know who made it"
_REFUSED = NotRun("Python refuses the model as one that no place should run", "see what it says of it")
_OF_LAYERS = frozenset({"keras", "keras_keras", "tfjs_layers_model"})


@dataclass(frozen=True)
class Reference:
    """What the source answered in Python: the feeds with its answers, and the job's own facts."""

    feeds: tuple[Feed, ...]
    facts: Mapping[str, Any]

    @property
    def labels(self) -> Sequence[int] | None:
        """The class of each sample, where a file tells."""
        found: Sequence[int] | None = self.facts.get("labels")
        return found


@dataclass(frozen=True)
class PlaceRun:
    """One place: what was found there, or why it did not run."""

    runtime: str
    backend: str | None
    judgement: Judgement | None = None
    not_run: NotRun | None = None
    failure: str = ""
    answers: places.Answers | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    is_unsafe: bool = False
    """Whether the model was refused there for what it would do to any place."""

    @property
    def place(self) -> str:
        """What it is called: "python", "node wasm"."""
        return f"{self.runtime} {self.backend}" if self.backend else self.runtime


def reference_of(source: Subject, settings: Verification, *, bench: Bench, folder: Path) -> Reference | NotRun:
    """Run the source in Python on samples; raises a ``WorkflowError`` when the samples do not fit it."""
    job = {
        "model": places.model_argument(source),
        "inputs": None if settings.inputs is None else str(settings.inputs),
        "labels": None if settings.labels is None else str(settings.labels),
        "image_range": None if settings.image_range is None else list(settings.image_range),
        "samples": settings.samples,
        "batches": list(settings.batches),
        "seed": settings.seed,
        "folder": str(folder),
    }
    answer = bench.job("reference", job)
    if answer.get("not_run"):
        return NotRun(f"the source cannot be run in Python: {answer['not_run']}", "give a source that Python runs")
    return Reference(_feeds(answer, folder), answer)


def _feeds(answer: Mapping[str, Any], folder: Path) -> tuple[places.Feed, ...]:
    """Return the feeds that a job tells of; raises ``VerificationError`` where they are not below its folder."""
    try:
        feeds = tuple(places.Feed(Path(f["inputs"]), Path(f["outputs"]), int(f["samples"])) for f in answer["feeds"])
    except (KeyError, TypeError, ValueError) as problem:
        raise VerificationError(f"the job `reference` answers nonsense: {problem!r}", hint=_NONSENSE) from None
    if any(
        ".." in path.parts or not path.is_relative_to(folder) for feed in feeds for path in (feed.inputs, feed.outputs)
    ):
        raise VerificationError("the job `reference` names files that are not its own", hint=_NONSENSE)
    return feeds


def places_of(result: Subject, settings: Verification) -> list[tuple[str, str | None]]:
    """Return where a result is to be run: Python first; TensorFlow.js models in JavaScript too."""
    asked: list[tuple[str, str | None]] = [
        (runtime, backend)
        for runtime in settings.runtimes
        for backend in (settings.backends.get(runtime) or DEFAULT_BACKENDS[runtime])
    ]
    javascript = [place for place in asked if place[0] != "python"] if result.is_tfjs else []
    return [("python", None), *javascript] if "python" in settings.runtimes or not javascript else javascript


def with_results_weights(source: Subject, ask: Ask, *, bench: Bench) -> Any:
    """Return what the source answers with the weights of a quantized result; None where it has others, or ``NotRun``.

    It differs from the source by what quantizing does, and from the result by nothing but rounding.
    """
    if source.format not in _OF_LAYERS or ask.subject.format != "tfjs_layers_model":
        return None
    asked = replace(ask, subject=source, folder=ask.folder / "weights", repeat=0)
    try:
        answers = places.in_python(bench, asked, weights=ask.subject.path)
    except WorkflowError as error:
        return NotRun(error.message, error.hint)  # the result itself is run next, and tells more
    return answers if isinstance(answers, NotRun) else read_all(answers.outputs)


def run_places(ask: Ask, judge: Judge, *, bench: Bench, settings: Verification, reload: Any = None) -> list[PlaceRun]:
    """Run a result everywhere and judge what it answers; one place that fails does not keep others from running.

    What Python refuses for what it would do anywhere is run in no place after it.

    ``reload`` is what Python must answer but for rounding, where that is known; other places what Python answered.
    """
    runs: list[PlaceRun] = []
    for runtime, backend in places_of(ask.subject, settings):
        if any(run.is_unsafe for run in runs):
            runs.append(PlaceRun(runtime, backend, not_run=_REFUSED))
            continue
        run = PlaceRun(runtime, backend)
        try:
            run = _judged(_run(ask, bench, runtime=runtime, backend=backend), judge, reload)
        except WorkflowError:
            raise
        except Exception as error:  # noqa: BLE001  a bug of ours in one place says nothing of the others
            told = bugs.as_error(error)
            run = replace(run, failure=f"{told.message}: please report it with {told.log}")
        if runtime == "python" and run.judgement is not None:
            reload = dict(run.judgement.joined)
        runs.append(run)
    return runs


def level(runs: Sequence[PlaceRun], judge: Judge, *, samples: int, seconds: float) -> LevelReport:
    """Return the verdict over all places: a failure anywhere fails, a dead reference is no proof."""
    findings = [finding for run in runs if run.judgement for finding in run.judgement.findings]
    findings += [Finding(f"run in {run.place}, the result fails: {run.failure}") for run in runs if run.failure]
    ran = [run for run in runs if run.judgement is not None]
    facts = {"samples": samples, "places": [run.place for run in ran]}
    said = tuple(_fallback(run) for run in ran if run.answers and run.answers.facts.get("fallback"))
    if findings:
        return LevelReport("outputs", "failed", tuple(findings), remarks=said, facts=facts, seconds=seconds)
    if not ran:
        whys = "; ".join(dict.fromkeys(run.not_run.why for run in runs if run.not_run))
        return LevelReport("outputs", "not run", why=whys, facts=facts, seconds=seconds)
    dead = judge.dead()
    facts["dead"] = dead
    unproven = sorted({name for run in ran if run.judgement for name in run.judgement.unproven} - set(dead))
    facts["unproven"] = unproven
    if unproven and {*dead, *unproven} >= judge.reference.keys():
        return LevelReport("outputs", "no proof", why=_VAGUE, remarks=said, facts=facts, seconds=seconds)
    if dead and len(dead) == len(judge.reference):
        why = f"the source answers nearly the same to all {samples} inputs, so that agreement proves nothing"
        return LevelReport("outputs", "no proof", why=why, remarks=said, facts=facts, seconds=seconds)
    remarks = [
        *said,
        *(f"the output {name} hardly changes between inputs: its agreement proves little" for name in dead),
        *(f"the output {name} proves nothing: {_VAGUE}" for name in unproven),
    ]
    return LevelReport("outputs", "passed", remarks=tuple(remarks), facts=facts, seconds=seconds)


def _fallback(run: PlaceRun) -> str:
    """Return that a place was asked for and another one computed."""
    told = run.answers.facts["fallback"] if run.answers else {}
    return f"{run.place} was asked for and {told['to']} computed it, for {told['why']}"


def _run(ask: Ask, bench: Bench, *, runtime: str, backend: str | None) -> PlaceRun:
    begin = time.perf_counter()
    try:
        answers = _answers(ask, bench, runtime=runtime, backend=backend)
    except RuntimeFailure as failure:
        return PlaceRun(runtime, backend, failure=f"{failure.kind}: {failure.message}")
    except (VerificationError, ModelFileError) as error:
        return PlaceRun(runtime, backend, failure=error.message, is_unsafe=isinstance(error, OversizedModelError))
    seconds = {"seconds": round(time.perf_counter() - begin, 3)}
    if isinstance(answers, NotRun):
        return PlaceRun(runtime, backend, not_run=answers, facts=seconds)
    return PlaceRun(runtime, backend, answers=answers, facts=seconds)


def _answers(ask: Ask, bench: Bench, *, runtime: str, backend: str | None) -> places.Answers | NotRun:
    if runtime == "python":
        return places.in_python(bench, ask)
    try:
        found = bench.runtime(runtime, backend)
    except WorkflowError as error:  # what a runtime needs could not be fetched
        return NotRun(error.message, error.hint)
    if isinstance(found, NotRun):
        return found
    return places.in_javascript(found, ask, name=runtime, backend=backend)


def _judged(run: PlaceRun, judge: Judge, reload: Any) -> PlaceRun:
    if run.answers is None:
        return run
    try:
        answers = read_all(run.answers.outputs)
    except (ValueError, OSError) as problem:
        return replace(run, failure=f"its outputs cannot be read: {problem}")
    return replace(run, judgement=judge.judge(answers, run.place, reload=reload))


def run_json(run: PlaceRun, reference: Reference, *, judge: Judge) -> dict[str, Any]:
    """Return one place as the record holds it."""
    told: dict[str, Any] = {"runtime": run.runtime, "backend": run.backend, **run.facts}
    if run.not_run is not None:
        return told | {"status": "not run", "why": run.not_run.why, "remedy": run.not_run.remedy}
    if run.judgement is None or run.answers is None:
        return told | {"status": "failed", "why": run.failure}
    wrong = run.judgement.findings
    return told | {
        "status": "failed" if wrong else "passed",
        "why": "; ".join(finding.text for finding in wrong),
        "outputs": list(run.judgement.outputs),
        "accuracy": accuracy(run, reference, judge=judge),
        "samples": reference.facts.get("samples"),
        "timings": dict(run.answers.timings),
        "facts": dict(run.answers.facts),
        "versions": dict(run.answers.versions),
        "load_average": run.answers.load_average,
    }


def accuracy(run: PlaceRun, reference: Reference, *, judge: Judge) -> dict[str, float] | None:
    """Return the share of labelled samples that source and result answer right, by their first output."""
    labels = reference.labels
    if labels is None or run.judgement is None or not judge.reference or not run.judgement.joined:
        return None
    name = next(iter(judge.reference))
    if name not in run.judgement.joined or len(judge.reference[name]) != len(labels):
        return None
    return {
        "source": figures.accuracy(judge.reference[name], labels),
        "result": figures.accuracy(run.judgement.joined[name], labels),
    }


def why_no_accuracy(reference: Reference, *, judge: Judge) -> str:
    """Return why the share of right answers is unknown."""
    if reference.labels is None:
        return "there are no labels; give `inputs` and the `labels` of their classes"
    name = next(iter(judge.reference), "")
    count = len(judge.reference[name]) if name else 0
    if count != len(reference.labels):
        return f"the first output, {name or '(none)'}, has {count} answers for {len(reference.labels)} labels"
    return f"the result's output for {name} cannot be compared with the labels"
