"""What the evidence of a run amounts to: a verdict on each step and on all, and what is said of the tutorial's claims.

Not run is never passed.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from workflow.base.wording import (
    accuracy_text,
    difference_text,
    milliseconds_text,
    plural,
    ratio_text,
    seconds_text,
    sentence,
    size_text,
    some,
)
from workflow.report.record import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.report.record import LoadMeasurement, PlaceRun, StepRecord, StepVerdict

_FEW = 3
_NOTICEABLE = 1.1
_TIMER_STEP_MS = 1.0
"""Browsers round their clocks, some to a millisecond: a shorter median is a step of the timer, and no figure."""

_AS_MADE = "as made"
_ONE_FILE = "1 file"


def of_step(step: StepRecord) -> StepVerdict:
    """Return passed when everything agrees where the artifact is going to live; incomplete when that is not known."""
    statuses = {level.status for level in step.levels} | {run.status for run in step.runs}
    if step.failure is not None or step.status == "failed" or {"failed", "costly"} & statuses:
        return "failed"
    if step.kind == "model" and step.status in ("done", "up to date"):
        return "passed"
    if "passed" not in statuses or {"not run", "no proof"} & statuses or javascript_missing(step):
        return "incomplete"
    return "passed"


def javascript_missing(step: StepRecord) -> bool:
    """Tell whether a TensorFlow.js artifact was run in Python alone."""
    return step.format.startswith("tfjs_") and not any(
        run.runtime != "python" and run.status == "passed" for run in step.runs
    )


def shortfalls(steps: Sequence[StepRecord]) -> dict[str, list[str]]:
    """Return what keeps steps from being passed that have not failed: each reason with the steps that it holds for."""
    found: dict[str, list[str]] = {}
    for step in steps:
        if step.verdict == "incomplete":
            for reason in _reasons(step):
                found.setdefault(reason, []).append(step.step)
    return found


def _reasons(step: StepRecord) -> list[str]:
    if step.status == "not run":
        return ["; ".join(step.reasons) or "not run"]
    weak = {"no proof": "no proof", "not run": "not compared"}
    found = [
        f"{each.name}: {weak[each.status]}: {'; '.join(each.remarks)}" for each in step.levels if each.status in weak
    ]
    absent: dict[str, list[str]] = {}
    for run in step.runs:
        if run.status == "not run":
            absent.setdefault(sentence(run.why, run.remedy), []).append(run.place)
    found += [f"not run in {', '.join(places)}: {why}" for why, places in absent.items()]
    if not found and javascript_missing(step):
        return ["not run in JavaScript, where it is going to live"]
    return found or ["not verified"]


def of_run(steps: Sequence[StepRecord]) -> tuple[StepVerdict, str]:
    """Return the verdict over all steps and a sentence for the top of the report."""
    made = [step for step in steps if step.kind != "model"]
    failed = [step.step for step in steps if step.verdict == "failed"]
    incomplete = [step.step for step in made if step.verdict == "incomplete"]
    if failed:
        return "failed", f"{some(failed, limit=_FEW)} failed; nothing of {_pronoun(failed)} was published."
    if incomplete or not made:
        return "incomplete", _incomplete(made, incomplete)
    places = {run.place for step in made for run in step.runs if run.status == "passed"}
    return "passed", f"All {len(made)} artifacts agree with their source in {plural(len(places), 'place')}."


def _incomplete(made: list[StepRecord], names: list[str]) -> str:
    if not made:
        return "No conversion was part of this run."
    python_only = [step.step for step in made if step.step in names and javascript_missing(step)]
    if python_only:
        return f"{some(python_only, limit=_FEW)} did not run in JavaScript, where {_verb(python_only)} going to live."
    return f"{some(names, limit=_FEW)} did not run everywhere that was asked for."


def _pronoun(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _verb(names: list[str]) -> str:
    return "it is" if len(names) == 1 else "they are"


def answers(steps: Sequence[StepRecord], loads: Sequence[LoadMeasurement], *, processors: int) -> list[Answer]:
    """Return one answer per claim that this run has something to say about."""
    found = (_sharding(loads), _quantization(steps, loads), _graph(steps, processors))
    return [answer for answer in found if answer is not None]


def _sharding(loads: Sequence[LoadMeasurement]) -> Answer | None:
    claim = "Sharding makes loading several times faster"
    gains = _gains(loads)
    if not gains:
        return None
    best = {link: max(factors.items(), key=lambda item: item[1]) for link, factors in gains.items()}
    worth = {link: each for link, each in best.items() if each[1] > _NOTICEABLE}
    worst = min((factor, layout, link) for link, factors in gains.items() for layout, factor in factors.items())
    verdict = f"On {len(worth)} of {len(best)} links" if worth else "On none of the links"
    parts = [f"{ratio_text(factor)} as fast in files of {layout} ({link})" for link, (layout, factor) in worth.items()]
    if len(worth) < len(best):
        parts.append("no gain on the other links" if worth else "no layout loads noticeably faster than one file")
    if worst[0] < 1 / _NOTICEABLE:
        parts.append(f"files of {worst[1]} take {ratio_text(1 / worst[0])} the time of one file ({worst[2]})")
    return Answer(claim=claim, verdict=verdict, evidence=_told(parts))


def _gains(loads: Sequence[LoadMeasurement]) -> dict[str, dict[str, float]]:
    """Return how many times faster than one file each layout loads, by link and layout."""
    found: dict[str, dict[str, float]] = {}
    whole = {load.link: load.seconds for load in loads if load.layout == _ONE_FILE}
    for load in loads:
        one = whole.get(load.link)
        if load.layout not in (_AS_MADE, _ONE_FILE) and one and load.seconds:
            found.setdefault(load.link, {})[load.layout] = one / load.seconds
    return found


def _quantization(steps: Sequence[StepRecord], loads: Sequence[LoadMeasurement]) -> Answer | None:
    base = _plain_layers(steps)
    small = [step for step in steps if step.quantized and step.sizes]
    if base is None or base.sizes is None or not small:
        return None
    saved = [step.sizes.raw / base.sizes.raw for step in small if step.sizes]
    verdict = f"Saves {1 - max(saved):.0%} of the download"
    if len(saved) > 1:
        verdict = f"Saves {1 - max(saved):.0%} to {1 - min(saved):.0%} of the download"
    parts = [_cost(step, base) for step in small]
    parts += [_quicker(step, base, loads) for step in small]
    return Answer(
        claim="Quantization is smaller at the price of some precision",
        verdict=verdict,
        evidence=_told([part for part in parts if part]),
    )


def _cost(step: StepRecord, base: StepRecord) -> str:
    if step.sizes is None or base.sizes is None:
        return ""
    text = f"{step.step}: {size_text(base.sizes.raw)} become {size_text(step.sizes.raw)}"
    worst = max((run.max_abs for run in step.runs if run.max_abs is not None), default=None)
    if worst is not None:
        text += f", outputs differ by up to {difference_text(worst)}"
    accuracies = [run.accuracy for run in step.runs if run.accuracy is not None]
    if accuracies:
        lowest = min(accuracies, key=lambda each: each.result)
        text += f", accuracy {accuracy_text(lowest.source)} → {accuracy_text(lowest.result)}"
    return text


def _quicker(step: StepRecord, base: StepRecord, loads: Sequence[LoadMeasurement]) -> str:
    times = {(load.artifact, load.link): load.seconds for load in loads if load.layout == _AS_MADE}
    for (artifact, link), seconds in times.items():
        other = times.get((step.step, link))
        if artifact == base.step and seconds and other:
            return f"{step.step} loads in {seconds_text(other)} instead of {seconds_text(seconds)} ({link})"
    return ""


def _graph(steps: Sequence[StepRecord], processors: int) -> Answer | None:
    graph = next((step for step in steps if step.format == "tfjs_graph_model" and not step.quantized), None)
    base = _plain_layers(steps)
    if graph is None or base is None or base.format != "tfjs_layers_model":
        return None
    claim = "A graph model predicts faster than a layers model"
    factors, left_out = _speedups(base.runs, graph.runs)
    if not factors:
        evidence = _told(left_out or ["no prediction of both models was timed in JavaScript"])
        return Answer(claim=claim, verdict="Not measured", evidence=evidence)
    slowest, fastest = min(factors.values()), max(factors.values())
    verdict = f"{ratio_text(slowest)} to {ratio_text(fastest)} as fast"
    if fastest <= _NOTICEABLE * slowest:
        verdict = f"{ratio_text(statistics.median(factors.values()))} as fast"
    parts = [f"{ratio_text(factor)} in {place}" for place, factor in factors.items()]
    caution = _caution([*base.runs, *graph.runs], processors)
    evidence = " ".join(filter(None, (_told(parts), "Median predictions, loaded and warm.", _told(left_out))))
    return Answer(
        claim=claim, verdict=f"{verdict}, on a busy machine" if caution else verdict, evidence=evidence + caution
    )


def _caution(runs: list[PlaceRun], processors: int) -> str:
    busiest = max((run.load_average for run in runs if run.load_average is not None), default=0.0)
    if busiest <= processors:
        return ""
    return f" The machine was busy (load {busiest:.1f} on {processors} processors): measure again before relying on it."


def _speedups(before: Sequence[PlaceRun], after: Sequence[PlaceRun]) -> tuple[dict[str, float], list[str]]:
    """Return how many times faster the second runs are by place, and why the other places are left out."""
    factors: dict[str, float] = {}
    left_out: dict[str, list[str]] = {}
    olds = {run.place: run for run in before if run.runtime != "python"}
    news = {run.place: run for run in after if run.runtime != "python"}
    for place in dict.fromkeys((*olds, *news)):
        pair = olds.get(place), news.get(place)
        why = next((reason for run in pair if (reason := _untimed(run))), "")
        old, new = (run.timing.median_ms if run else None for run in pair)
        if why or not old or not new:
            left_out.setdefault(why, []).append(place)
        else:
            factors[place] = old / new
    return factors, [f"left out {' and '.join(places)}: {why}" for why, places in left_out.items()]


def _untimed(run: PlaceRun | None) -> str:
    """Return why a run gives no time to compare; empty when it does."""
    if run is None:
        return "one of the two was not to run there"
    if run.status == "not run":
        return f"not run ({run.why})" if run.why else "not run"
    if run.status == "failed":
        return "it fails there"
    median, first = run.timing.median_ms, run.timing.first_ms
    if median is None:
        return f"not timed (its first prediction took {milliseconds_text(first)})" if first else "not timed"
    return f"below {_TIMER_STEP_MS:g} ms, which is a step of the timer" if median < _TIMER_STEP_MS else ""


def _plain_layers(steps: Sequence[StepRecord]) -> StepRecord | None:
    return next((step for step in steps if step.format.startswith("tfjs_") and not step.quantized), None)


def _told(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
