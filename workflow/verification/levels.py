"""The four levels in order, cheapest first; a level that fails keeps the later ones from running."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from workflow.models.keras import archive
from workflow.verification import (
    configurations,
    contract,
    costs,
    model_ports,
    outputs,
    quantized_runs,
    structure,
    tolerances,
    unproven,
    verdicts,
    weights,
)
from workflow.verification.asking import TIMEOUT, Ask, OutputNames, absolute
from workflow.verification.evidence import PYTHON, Attribution, Evidence, Finding, LevelReport, PlaceReport
from workflow.verification.judging import Judge, read_all
from workflow.verification.requests import NotRun
from workflow.verification.script_sources import is_made_in_script
from workflow.verification.source_answers import Question, SourceAnswers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.recipe.recipes import Verification
    from workflow.verification.asking import Places, SourceAnswer
    from workflow.verification.evidence import Place
    from workflow.verification.judging import Outputs
    from workflow.verification.quantized_runs import Tried
    from workflow.verification.requests import Subject

_NOT_RELOADED = (
    "the source cannot be run with the result's quantized weights ({}): what quantizing does to the outputs cannot be "
    "told from other faults, and is bounded by what it may do"
)
_LABELLED = "`verify: {inputs: FILE, labels: FILE}` gives inputs and the classes that are right for them"
_FOR_KERAS_3 = "; `format: keras3` writes one for Keras 3 alone, where it has such layers"
_AGAIN = "make the result from its source again"
_OF_KERAS = frozenset({"keras", "keras_keras"})
_UNPROVEN = (
    "the source's output {} is nearly the same for all inputs, and the weights behind it were not compared either: "
    "agreement proves nothing there"
)
_TOLD = frozenset({"tf_saved_model", "keras_saved_model"})
"""Formats that tell what they take and give when they run."""

_ALONE = "there is no source to compare with"
_TWO_WORLDS = (
    "a fact about the source, and no fault of the result: in Python its output {} differs by up to {:.3g} from what it "
    "answers in {}, where it lives"
)


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
    is_ours: bool = False
    """Whether the result was made here, by a converter of which it is known what it makes of weights."""
    timeout: float | None = None
    source_answers: SourceAnswers | None = None
    """What sources answered before; without it they are always asked."""


def verify(case: Case, places: Places) -> Evidence:
    """Go through the levels; raises a ``WorkflowError`` only for what is not the models' fault."""
    levels = [structure.check(case.result, is_to_load=not case.settings.enabled)]
    if levels[-1].status != "failed":
        levels.append(_weights(case))
    if levels[-1].status != "failed":
        levels.append(_contract(case, model_ports.ModelPorts(), model_ports.ModelPorts()))
    if levels[-1].status == "failed" or not case.settings.enabled:
        return Evidence(tuple(levels))
    remembered = case.source_answers or SourceAnswers()
    try:
        return _Outputs(case, places, levels, remembered=remembered).report()
    finally:
        if case.source_answers is None:
            remembered.close()


def _weights(case: Case) -> LevelReport:
    if case.source is None:
        return weights.alone(case.result)
    return weights.check(case.result, case.source, may_quantize=case.may_quantize, is_ours=case.is_ours)


def _contract(case: Case, source_told: model_ports.ModelPorts, result_told: model_ports.ModelPorts) -> LevelReport:
    """Compare what the files declare, and where they do not, what runs told."""
    if case.source is None:
        return LevelReport("contract", "not applicable", why=_ALONE)
    begin = time.perf_counter()
    theirs = model_ports.ports_of(case.source).completed(source_told)
    ours = model_ports.ports_of(case.result).completed(result_told)
    found = contract.check(theirs, ours, formats=(case.source.format, case.result.format))
    other = configurations.check(case.source, case.result)
    if other:
        found = found.replaced(status="failed", findings=(*found.findings, *other))
    return found.replaced(seconds=time.perf_counter() - begin)


class _Outputs:
    """The fourth level, which completes the third with what runs tell."""

    def __init__(self, case: Case, places: Places, levels: list[LevelReport], *, remembered: SourceAnswers) -> None:
        self._case = case
        self._places = places
        self._levels = levels
        self._source = absolute(case.source or case.result)
        given = case.source
        self._each = given is not None and given.is_tfjs and given.format == case.result.format
        self._noise = tolerances.noise(case.result, given) if given else 0.0
        drawn = case.settings.inputs is None and case.settings.samples is None
        self._settings = case.settings.replaced(samples=costs.SAMPLES) if self._noise and drawn else case.settings
        self._remembered = remembered
        self._timeout = TIMEOUT if case.timeout is None else case.timeout
        at_home = given is not None or is_made_in_script(case.result)
        self._question = Question(self._source, self._settings, places, self._timeout, at_home)

    def report(self) -> Evidence:
        """Run the source, complete the contract, run the result everywhere."""
        case, begin, source = self._case, time.perf_counter(), self._source
        found = self._remembered.of(self._question)
        if isinstance(found, NotRun):
            return self._ended(LevelReport("outputs", "not run", why=found.why), runs=self._unreached(found))
        self._levels[-1] = _contract(case, model_ports.told(found.facts), model_ports.ModelPorts())
        if self._levels[-1].status == "failed":
            return self._ended(LevelReport("outputs", "not run", why="the contract is broken"))
        judge, said = self._judge(found), found.remarks
        quantized, restored = None, None
        if self._noise and not self._each:
            quantized = outputs.with_results_weights(source, self._ask(found, PYTHON), places=self._places)
            restored = quantized_runs.tried(
                source, self._ask(found, found.place), place=found.place, places=self._places
            )
        if isinstance(quantized, NotRun):
            said, quantized = (*said, _NOT_RELOADED.format(quantized.why)), None
        judge = replace(judge, knows_weights=quantized is not None or (restored is not None and not restored.lossy))
        reload = outputs.Reload(quantized, lead=self._lead(found), each=self._with_results_weights(found))
        runs = outputs.run_places(
            lambda place: self._ask(found, place),
            self._at(judge, found, reload),
            where=self._where(),
            places=self._places,
            reload=reload,
        )
        wrong = self._wrong(restored, judge, found)
        if wrong or any(run.judgement and run.judgement.findings for run in runs):
            judge = self._knowing_unrest(judge)
            wrong = self._wrong(restored, judge, found)
            runs = outputs.judged_again(runs, self._at(judge, found, reload), reload=reload)
            if not wrong and found.place == outputs.FIRST and not self._each:
                answered = partial(self._remembered.at, outputs.SECOND, self._question)
                judge, runs, other = outputs.by_second_backend(judge, runs, answered=answered)
                said = (*said, *other)
        seconds = time.perf_counter() - begin
        level = outputs.level(runs, judge, samples=int(found.facts["samples"]), seconds=seconds)
        if wrong:
            level = level.replaced(status="failed", findings=(*level.findings, *wrong))
        self._levels[-1] = self._contract_told_by(runs, found)
        level = self._concluded(level, runs, judge=judge, reference=found)
        level = level.replaced(remarks=(*said, *self._of_two_worlds(found, judge, runs), *level.remarks))
        return self._ended(level, runs=tuple(outputs.report_of(run, found, judge=judge) for run in runs)).replaced(
            attribution=_attribution(runs),
            inputs=found.facts.get("inputs"),
            drawn=case.settings.inputs is None,
            samples=found.facts.get("samples"),
            versions=found.facts.get("versions"),
        )

    def _where(self) -> list[Place]:
        """Return where the result is to be run."""
        where = outputs.places_of(self._case.result, self._case.settings)
        if self._case.source is not None or not self._question.at_home:
            return where
        alone = self._case.settings.runtimes == ("python",)  # else nobody says that Python should compute the same
        return [place for place in where if alone or place != PYTHON]

    def _concluded(self, level: LevelReport, runs: Any, *, judge: Judge, reference: SourceAnswer) -> LevelReport:
        """Add what follows from the answers of all places."""
        level = self._with_unproven(level)
        level = self._with_accuracy(level, runs, judge=judge, reference=reference)
        level = self._with_costs(level, runs, judge=judge, reference=reference)
        return self._with_other_keras(level, judge, reference)

    def _with_unproven(self, level: LevelReport) -> LevelReport:
        """Return that agreement proves nothing of an output: another one that is proven does not save it."""
        known = next((one for one in self._levels if one.level == "weights"), None)
        names = contract.renamed(self._levels[-1], "outputs")
        dead = level.facts.get("dead", ()) if level.status == "passed" and self._case.source is not None else ()
        found = unproven.unproven(dead, self._case.result, weights=known, names=names)
        return level.replaced(status="no proof", why=_UNPROVEN.format(", ".join(found))) if found else level

    def _contract_told_by(self, runs: list[outputs.Trial], found: SourceAnswer) -> LevelReport:
        """Return the contract with what a run of the result in Python tells, where its files say nothing."""
        run = next((run for run in runs if run.place == PYTHON and run.answers is not None), None)
        if self._case.result.format not in _TOLD or run is None or run.answers is None:
            return self._levels[-1]
        return _contract(self._case, model_ports.told(found.facts), model_ports.told(run.answers.ports))

    def _of_two_worlds(self, found: SourceAnswer, judge: Judge, runs: list[outputs.Trial]) -> tuple[str, ...]:
        """Return that a source answers otherwise in Python, where that was asked; each place is held to itself."""
        if not self._each or found.place == PYTHON or all(run.place != PYTHON for run in runs):
            return ()
        answers, lead = self._remembered.at(PYTHON, self._question), self._lead(found)
        if isinstance(answers, NotRun):
            return ()
        home = read_all([feed.outputs for feed in found.feeds[:lead]])
        steady = Judge(home, OutputNames({}, {}), replace(judge.tolerances, noise=0.0))
        judged = steady.judge(read_all(answers[:lead]), "python")
        wrong = {finding.subject for finding in judged.findings}
        apart = [one for one in judged.outputs if one.name in wrong]
        return (_TWO_WORLDS.format(apart[0].name, apart[0].max_abs, found.place),) if apart else ()

    def _is_home(self, place: Place, found: SourceAnswer) -> bool:
        """Whether a place is the one in which costs are measured: where the source was asked."""
        return place == found.place

    def _lead(self, found: SourceAnswer) -> int:
        """Return how many feeds go to places that are not home: more inputs measure what quantizing costs, once."""
        if self._settings.samples == self._case.settings.samples:
            return len(found.feeds)
        count = sum(self._settings.batches)
        before = [sum(feed.samples for feed in found.feeds[:number]) for number in range(len(found.feeds))]
        return sum(done < count for done in before)

    def _with_results_weights(self, found: SourceAnswer) -> Callable[[Place], Outputs | None] | None:
        """Return what runs the source with the result's weights, where every place is asked for itself."""
        if not self._each:
            return None
        if not self._noise:
            return lambda _: None
        return lambda place: quantized_runs.sources_answers(
            self._source, self._ask(found, place), place=place, places=self._places
        )

    def _wrong(self, restored: Tried | None, judge: Judge, found: SourceAnswer) -> tuple[Finding, ...]:
        """Return what a quantized graph answers otherwise than its source even with the source's weights."""
        if restored is None or self._case.source is None:
            return ()
        noise = quantized_runs.noise_left(self._case.result, self._case.source, lossy=restored.lossy)
        return restored.findings(judge, found.place, noise=noise)

    def _at(self, judge: Judge, found: SourceAnswer, reload: outputs.Reload | None = None) -> outputs.JudgeAt:
        """Return what gives the judge of a place: the same for all, or one that knows what the source answers there."""
        first = read_all([feed.outputs for feed in found.feeds[: self._lead(found)]])

        def judge_at(place: Place) -> Judge | NotRun:
            if not self._each:
                return judge if self._is_home(place, found) else replace(judge, reference=first)
            answers = self._remembered.at(place, self._question)
            if isinstance(answers, NotRun):
                return answers
            knows = reload is not None and reload.at(place) is not None
            reference = read_all(answers[: len(self._ask(found, place).feeds)])
            return replace(judge, reference=reference, knows_weights=knows, is_each=True)

        return judge_at

    def _knowing_unrest(self, judge: Judge) -> Judge:
        """Return a judge that knows how far the source itself moves when its inputs move by one rounding."""
        unrest = self._remembered.unrest(self._question)
        return replace(judge, tolerances=replace(judge.tolerances, unrest=unrest))

    def _judge(self, found: SourceAnswer) -> Judge:
        case = self._case
        subjects = [one for one in (case.result, case.source) if one is not None]
        in_two_worlds = not all(one.is_tfjs for one in subjects)
        asked_in_full = bool(found.facts.get("half"))
        limits = tolerances.Tolerances(
            depth=tolerances.deepest(subjects),
            noise=self._noise,
            settings=case.settings,
            half=tolerances.half_floats(subjects, weights_alone=asked_in_full) if in_two_worlds else 0.0,
        )
        agreed = self._levels[-1]
        names = OutputNames(contract.renamed(agreed, "outputs"), contract.positions(agreed))
        return Judge(read_all([feed.outputs for feed in found.feeds]), names, limits)

    def _ask(self, found: SourceAnswer, place: Place | None = None) -> Ask:
        case = self._case
        feeds = found.feeds if place is None or self._is_home(place, found) else found.feeds[: self._lead(found)]
        names = contract.renamed(self._levels[-1], "inputs")
        repeat = case.settings.repeat
        return Ask(absolute(case.result), feeds, case.folder, names, repeat=repeat, timeout=self._timeout)

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
                findings.append(Finding(text, "accuracy", remedy=_LABELLED))
            elif (drop := share.source - share.result) > allowed:
                text = f"run in {run.place}, accuracy falls from {share.source:.2%} to {share.result:.2%}"
                text = f"{text}, allowed is a drop of {allowed:.2%}"
                findings.append(Finding(text, "accuracy", drop, allowed, remedy=self._more_accurate()))
        return level.replaced(status="failed", findings=(*level.findings, *findings)) if findings else level

    def _more_accurate(self) -> str:
        """Return what to do where accuracy falls: a bound for numbers would not bring it back."""
        better = _AGAIN if not self._noise else verdicts.smaller_loss(self._levels)
        return f"{better}; a larger `accuracy_drop` accepts the loss"

    def _with_costs(self, level: LevelReport, runs: Any, *, judge: Judge, reference: SourceAnswer) -> LevelReport:
        """Add what quantizing lost, measured at home, or where the result ran first; a goal missed is no pass."""
        ran = [run for run in runs if run.judgement is not None]
        unknown = any(one.status == "no proof" for one in self._levels)  # what is lost, and what was done, is one
        if not self._noise or level.status != "passed" or not ran or unknown:
            return level
        run = next((one for one in ran if self._is_home(one.place, reference)), ran[0])
        answered = self._at(judge, reference)(run.place)
        theirs = judge.reference if isinstance(answered, NotRun) else answered.reference
        measured = partial(costs.costs_of, theirs, run.judgement.joined)
        found = measured(settings=self._settings)
        level = level.replaced(facts={**level.facts, "costs": [one.as_dict() for one in found]})
        if self._case.settings.accuracy_drop is not None:
            return level
        worded = partial(costs.words_of, samples=next((len(one) for one in theirs.values() if one.ndim), 0))
        if why := worded(found, settings=self._settings):
            return level.replaced(status="costly", why=f"quantizing costs more than is allowed: {why}")
        usual = self._settings.replaced(agreement=None)
        if why := worded(measured(settings=usual), settings=usual):
            remark = f"quantizing costs much, and `agreement: {self._settings.agreement:g}` allows it: {why}"
            return level.replaced(remarks=(*level.remarks, remark))
        return level

    def _with_other_keras(self, level: LevelReport, judge: Judge, found: SourceAnswer) -> LevelReport:
        """Add what today's Keras makes of a file for Keras: it is read by whichever its user has."""
        if self._case.result.format not in _OF_KERAS or level.status != "passed":
            return level
        if archive.is_for_keras3(self._case.result.path):
            return level.replaced(facts={**level.facts, "keras3": "opens in Keras 3 alone"})
        said = outputs.other_keras(self._ask(found, PYTHON), judge, places=self._places)
        if not said:
            return level
        known = level.replaced(facts={**level.facts, "keras3": said})
        of_layers = self._case.source is not None and self._case.source.format == "tfjs_layers_model"
        further = _FOR_KERAS_3 if of_layers else ""
        return known if said.endswith("too") else known.replaced(remarks=(*level.remarks, f"the file {said}{further}"))

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
