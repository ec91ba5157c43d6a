"""Verifies a staged result before it is published, through the four levels of ``workflow.verification``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.catalogue.options import QUANTIZING, READING
from workflow.runs.making import result_format

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workflow.base.errors import VerificationError
    from workflow.base.events import Listener
    from workflow.catalogue.formats import Format
    from workflow.conversion.job import Job
    from workflow.recipe.recipes import Step, Verification
    from workflow.runs.making import Facts
    from workflow.runs.workers import RunWorkers
    from workflow.verification.evidence import Evidence, PlaceReport
    from workflow.verification.requests import Subject

TIME_LIMIT = 600.0
"""Seconds that a job of the verification may take where nobody says more: a model must not hold a run for ever."""


def check(job: Job, settings: Verification, *, workers: RunWorkers) -> Facts:
    """Verify the staged result of a step, as ``settings`` say, and return the facts for its record.

    Raises the ``VerificationError`` of the first level that fails, or of a required runtime that is not there, with
    the facts. What was not run, and a comparison that proves nothing, is said and recorded.
    """
    job.listener.advance("verifying", 0, 0)
    result = result_format(job.step, job.target)
    report = _verified(job, settings, workers=workers, result=result)
    _say(report, job, workers)
    report = report.replaced(warnings=report.remarks)
    if not settings.enabled and not report.failed:
        return report.replaced(not_run="verify is off in the recipe").as_json()
    from workflow.verification import verdicts  # noqa: PLC0415  nothing of it is needed to plan

    advice = verdicts.advice(report, result)
    error = verdicts.error_of(report, _demanded(settings, result), who=f"step {job.step.name}", hint=advice)
    if error is not None:
        error.log, error.facts = str(job.log), report.as_json()
        raise error
    unproven = verdicts.no_proof(report, job.step.name)
    if unproven is not None:
        job.listener.warn(f"NOT VERIFIED: {unproven.message}. {unproven.hint}")
    return report.as_json()


def _demanded(settings: Verification, result: Format) -> Verification:
    """Return the settings with those of the required runtimes that can run such a result, none where verify is off.

    A recipe requires for all its steps, and some of them make models of Keras or TensorFlow.
    """
    able = settings.require if result.startswith("tfjs_") else [name for name in settings.require if name == "python"]
    return settings.replaced(require=tuple(able) if settings.enabled else ())


def rejection_hint(error: VerificationError, job: Job, *, settings: Verification, place: Path) -> str:
    """Return what to do about a result that was put aside at ``place``: the error's hint, its command ready to run."""
    from workflow.verification import verdicts  # noqa: PLC0415  as above

    name = job.step.output.name
    words = [str(place / name if (place / name).exists() else place), "--against", str(job.source)]
    words += [] if settings.inputs is None else ["--inputs", str(settings.inputs)]
    return f"the result was not published; look at it in {place}; {verdicts.with_paths(error.hint, words)}".strip()


def is_quantized(step: Step) -> bool:
    """Tell whether the step itself makes weights smaller, so that its numbers may differ from its source's."""
    return any(step.options.get(name) for name in QUANTIZING)


def _verified(job: Job, settings: Verification, *, workers: RunWorkers, result: Format) -> Evidence:
    from workflow.verification.requests import Subject  # noqa: PLC0415  as above

    reading = {name: job.options[name] for name in READING if name in job.options}
    made = Subject(job.target, result)
    if not settings.enabled:
        return _sound(made)
    from workflow.base import scratch  # noqa: PLC0415  as above
    from workflow.runs.workers import keras3_if_made  # noqa: PLC0415  as above
    from workflow.verification.levels import Case, verify  # noqa: PLC0415  as above
    from workflow.verification.warm_places import WarmPlaces  # noqa: PLC0415  as above

    pool = workers.runtimes()
    places = WarmPlaces(workers.warm, pool, log=job.log, timeout=job.timeout or TIME_LIMIT, listener=job.listener)
    keras3, older = (lambda: keras3_if_made(workers)), workers.tensorflows_keras
    places = dataclasses.replace(places, keras3=keras3, tensorflows_keras=older)
    with scratch.folder("verify") as folder:
        case = Case(
            made,
            Subject(job.source, job.source_format, reading),
            settings,
            folder,
            may_quantize=is_quantized(job.step),
            is_ours=True,
            timeout=job.timeout,
            source_answers=pool.source_answers,
        )
        report = verify(case, places)
        if report.failed:
            _require_room(folder)
        return report


def _require_room(folder: Path) -> None:
    """Raise ``StorageError`` where what ran could not write: that is no fault of the result."""
    from workflow.base import disk  # noqa: PLC0415  for failures alone

    disk.require_room(folder)


def _sound(result: Subject) -> Evidence:
    """Look at the structure alone, which costs milliseconds: what does not hold together is never published."""
    from workflow.verification import structure  # noqa: PLC0415  as above
    from workflow.verification.evidence import Evidence  # noqa: PLC0415  as above

    return Evidence((structure.check(result),))


def _say(report: Evidence, job: Job, workers: RunWorkers) -> None:
    """Say what is to be known about the result, less what is known of its input."""
    name = job.step.name
    for remark in report.remarks:
        if remark not in _known(job):
            job.listener.warn(f"{name}: {remark}")
    for level in report.levels:
        if level.status == "not run" and not report.failed:
            told = workers.runtimes().told
            why = "for a reason that is said above" if level.why in told else level.why
            told.add(level.why)
            job.listener.warn(f"{name}: {level.level} not compared: {why}")
    outputs = report.level("outputs")
    if outputs is not None and outputs.status != "not run":
        say_where_not(report.runs, workers, listener=job.listener)


def say_where_not(runs: Iterable[PlaceReport], workers: RunWorkers, *, listener: Listener) -> None:
    """Say which places are not there and how to get them, each reason once in a run."""
    absent: dict[str, list[str]] = {}
    for run in runs:
        if run.status == "not run":
            absent.setdefault(run.reason, []).append(str(run.place))
    told = workers.runtimes().told
    for reason, places in absent.items():
        if reason not in told:
            told.add(reason)
            listener.warn(f"NOT RUN in {', '.join(places)}: {reason}")


def _known(job: Job) -> tuple[str, ...]:
    from workflow.models.inspection import inspect_model  # noqa: PLC0415  with its formats, for runs only

    try:
        return inspect_model(job.source, job.source_format).warnings
    except ModelFileError:
        return ()
