"""What a step's evidence amounts to. Not run is never passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.wording import plural, sentence, some

if TYPE_CHECKING:
    from workflow.report.record import StepRecord, Verdict

__all__ = ["javascript_missing", "of_run", "of_step", "shortfalls"]

_FEW = 3


def of_step(step: StepRecord) -> Verdict:
    """Return passed when everything agrees where the artifact is going to live; incomplete when that is not known."""
    statuses = {level.status for level in step.levels} | {run.status for run in step.runs}
    if step.failure is not None or step.status == "failed" or "failed" in statuses:
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


def shortfalls(steps: list[StepRecord]) -> dict[str, list[str]]:
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


def of_run(steps: list[StepRecord]) -> tuple[Verdict, str]:
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
