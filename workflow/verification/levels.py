"""The four levels in order, cheapest first; a level that fails keeps the later ones from running."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.verification import contract, model_ports, outputs, structure, tolerances, weights
from workflow.verification.asking import Ask, OutputNames, absolute
from workflow.verification.evidence import Attribution, Evidence, Finding, LevelReport, PlaceReport
from workflow.verification.judging import Judge, read_all
from workflow.verification.requests import NotRun
from workflow.verification.source_answers import ask_source

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Verification
    from workflow.verification.asking import Places
    from workflow.verification.requests import Subject
    from workflow.verification.source_answers import SourceAnswer, SourceAnswers

_NOT_RELOADED = (
    "the source cannot be run with the result's quantized weights ({}): what quantizing does to the outputs cannot be "
    "told from other faults, and is bounded by what it may do"
)
_ALONE = "there is no source to compare with"


@dataclass(frozen=True)
class Case:
    """What is verified against what, with everything that is written on the way in ``folder``.

    Without a ``source`` the result in Python is what its other places are compared with.
    """

    result: Subject
    source: Subject | None
    settings: Verification
    folder: Path
    may_quantize: bool = True
    timeout: float | None = None
    source_answers: SourceAnswers | None = None
    """What sources answered before; without it they are always asked."""


def verify(case: Case, places: Places) -> Evidence:
    """Go through the levels; raises a ``WorkflowError`` only for what is not the models' fault."""
    levels = [structure.check(case.result)]
    if levels[-1].status != "failed":
        levels.append(_weights(case))
    if levels[-1].status != "failed":
        levels.append(_contract(case, model_ports.ModelPorts(), model_ports.ModelPorts()))
    if levels[-1].status == "failed" or not case.settings.enabled:
        return Evidence(tuple(levels))
    return _Outputs(case, places, levels).report()


def _weights(case: Case) -> LevelReport:
    if case.source is None:
        return weights.alone(case.result)
    return weights.check(case.result, case.source, may_quantize=case.may_quantize)


def _contract(case: Case, source_told: model_ports.ModelPorts, result_told: model_ports.ModelPorts) -> LevelReport:
    """Compare what the files declare, and where they do not, what runs told."""
    if case.source is None:
        return LevelReport("contract", "not applicable", why=_ALONE)
    begin = time.perf_counter()
    theirs = model_ports.ports_of(case.source).completed(source_told)
    ours = model_ports.ports_of(case.result).completed(result_told)
    found = contract.check(theirs, ours, formats=(case.source.format, case.result.format))
    return found.replaced(seconds=time.perf_counter() - begin)


class _Outputs:
    """The fourth level, which completes the third with what runs tell."""

    def __init__(self, case: Case, places: Places, levels: list[LevelReport]) -> None:
        self._case = case
        self._places = places
        self._levels = levels

    def report(self) -> Evidence:
        """Run the source, complete the contract, run the result everywhere."""
        case, begin = self._case, time.perf_counter()
        source = absolute(case.source or case.result)
        found = self._reference(source)
        if isinstance(found, NotRun):
            return self._ended(LevelReport("outputs", "not run", why=found.why), runs=self._unreached(found))
        self._levels[-1] = _contract(case, model_ports.told(found.facts), model_ports.ModelPorts())
        if self._levels[-1].status == "failed":
            return self._ended(LevelReport("outputs", "not run", why="the contract is broken"))
        judge = self._judge(found)
        ask, quantized = self._ask(found), None
        said: tuple[str, ...] = ()
        if judge.tolerances.noise:
            quantized = outputs.with_results_weights(source, ask, places=self._places)
        if isinstance(quantized, NotRun):
            said, quantized = (_NOT_RELOADED.format(quantized.why),), None
        runs = outputs.run_places(ask, judge, places=self._places, settings=case.settings, reload=quantized)
        seconds = time.perf_counter() - begin
        level = outputs.level(runs, judge, samples=int(found.facts["samples"]), seconds=seconds)
        level = self._with_accuracy(level, runs, judge=judge, reference=found)
        level = level.replaced(remarks=(*said, *level.remarks))
        return self._ended(level, runs=tuple(outputs.report_of(run, found, judge=judge) for run in runs)).replaced(
            attribution=_attribution(runs),
            inputs=found.facts.get("inputs"),
            drawn=case.settings.inputs is None,
            samples=found.facts.get("samples"),
            versions=found.facts.get("versions"),
        )

    def _reference(self, source: Subject) -> SourceAnswer | NotRun:
        case = self._case
        if case.source_answers is not None:
            return case.source_answers.of(source, case.settings, places=self._places)
        return ask_source(source, case.settings, places=self._places, folder=case.folder / "reference")

    def _judge(self, found: SourceAnswer) -> Judge:
        case = self._case
        limits = tolerances.Tolerances(
            depth=tolerances.deepest([one for one in (case.result, case.source) if one is not None]),
            noise=tolerances.noise(case.result, case.source) if case.source else 0.0,
            settings=case.settings,
        )
        agreed = self._levels[-1]
        names = OutputNames(contract.renamed(agreed, "outputs"), contract.positions(agreed))
        return Judge(read_all([feed.outputs for feed in found.feeds]), names, limits)

    def _ask(self, found: SourceAnswer) -> Ask:
        case = self._case
        names = contract.renamed(self._levels[-1], "inputs")
        more = {} if case.timeout is None else {"timeout": case.timeout}
        return Ask(absolute(case.result), found.feeds, case.folder, names, repeat=case.settings.repeat, **more)

    def _unreached(self, why: NotRun) -> tuple[PlaceReport, ...]:
        places = outputs.places_of(self._case.result, self._case.settings)
        told = PlaceReport("", "not run", why=why.why, remedy=why.remedy)
        return tuple(told.replaced(runtime=place.runtime, backend=place.backend) for place in places)

    def _with_accuracy(self, level: LevelReport, runs: Any, *, judge: Judge, reference: SourceAnswer) -> LevelReport:
        allowed = self._case.settings.accuracy_drop
        if allowed is None:
            return level
        findings = []
        for run in runs:
            if run.judgement is None:
                continue  # it was not run, or failed, and says so itself
            share = outputs.accuracy(run, reference, judge=judge)
            if share is None:
                why = outputs.why_no_accuracy(reference, judge=judge)
                text = f"run in {run.place}, accuracy is unknown, and `accuracy_drop` is set: {why}"
                findings.append(Finding(text, "accuracy"))
            elif (drop := share.source - share.result) > allowed:
                text = f"run in {run.place}, accuracy falls from {share.source:.2%} to {share.result:.2%}"
                findings.append(Finding(f"{text}, allowed is a drop of {allowed:.2%}", "accuracy", drop, allowed))
        return level.replaced(status="failed", findings=(*level.findings, *findings)) if findings else level

    def _ended(self, level: LevelReport, *, runs: tuple[PlaceReport, ...] = ()) -> Evidence:
        not_run = level.why if level.status == "not run" else ""
        return Evidence((*self._levels, level), runs, not_run=not_run)


def _attribution(runs: list[outputs.Trial]) -> Attribution | None:
    """Return what storing the weights did (seen in Python) and what the roughest place added to that."""
    python = next((run.judgement for run in runs if run.place.runtime == "python" and run.judgement), None)
    others = [run for run in runs if run.place.runtime != "python" and run.judgement]
    if python is None or not others:
        return None
    beyond = {str(run.place): _apart(python.joined, run.judgement.joined) for run in others if run.judgement}
    place = max(beyond, key=lambda name: beyond[name])
    return Attribution(python.max_abs, beyond[place], place)


def _apart(one: Any, other: Any) -> float:
    from workflow.verification.figures import measure  # noqa: PLC0415  beside its only use

    shared = [name for name in one if name in other and one[name].shape == other[name].shape]
    return max((measure(one[name], other[name]).max_abs for name in shared), default=0.0)
