"""Verifies a staged result before it is published, through the four levels of ``workflow.verification``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.catalogue.options import QUANTIZING, READING
from workflow.recipe.recipes import Step
from workflow.runs.settling import result_format

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.base.errors import VerificationError
    from workflow.base.events import Listener
    from workflow.catalogue.formats import Format
    from workflow.recipe.recipes import Verification
    from workflow.runs.making import Facts, Order
    from workflow.runs.workers import Workshop
    from workflow.verification.asking import Places
    from workflow.verification.evidence import Evidence, PlaceReport
    from workflow.verification.requests import Subject

TIME_LIMIT = 600.0
"""Seconds that a job of the verification may take where nobody says more: a model must not hold a run for ever."""


def check(order: Order, verification: Verification, *, places: Places | None = None) -> Facts:
    """Verify the staged artifact of a task and return the facts for its record; empty for a model source.

    Raises the ``VerificationError`` of the first level that fails, or of a required runtime that is not there, with
    the facts. What was not run, and a comparison that proves nothing, is said and recorded.
    """
    if not isinstance(order.task.declared, Step):
        return {}
    step = order.step
    from workflow.verification import verdicts  # noqa: PLC0415  nothing of it is needed to plan

    settings = step.verification or verification
    order.listener.advance("verifying", 0, 0)
    report = _verified(order, settings, places)
    _say(report, order)
    report = report.replaced(warnings=report.remarks)
    hint = _advice(report, result_format(step, order.staged)) if report.failed else ""
    demanded = _demanded(settings, result_format(step, order.staged))
    error = verdicts.error_of(report, demanded, who=f"step {step.name}", hint=hint)
    if error is not None:
        error.log, error.facts = str(order.log), report.as_json()
        raise error
    unproven = verdicts.no_proof(report, step.name)
    if unproven is not None:
        order.listener.warn(f"NOT VERIFIED: {unproven.message}. {unproven.hint}")
    return (report if settings.enabled else report.replaced(not_run="verify is off in the recipe")).as_json()


def _demanded(settings: Verification, result: Format) -> Verification:
    """Return the settings with those of the required runtimes that can run such a result, none where verify is off.

    A recipe requires for all its steps, and some of them make models of Keras or TensorFlow.
    """
    able = settings.require if result.startswith("tfjs_") else [name for name in settings.require if name == "python"]
    return settings.replaced(require=tuple(able) if settings.enabled else ())


def rejection_hint(error: VerificationError, order: Order, *, place: Path, verification: Verification) -> str:
    """Return what to do about a result that was put aside at ``place``: the error's hint, its command ready to run."""
    from workflow.verification import verdicts  # noqa: PLC0415  as above

    step, name = order.step, order.task.output.name
    settings = step.verification or verification
    words = [str(place / name if (place / name).exists() else place), "--against", step.input]
    words += [] if settings.inputs is None else ["--inputs", str(settings.inputs)]
    return f"the result was not published; look at it in {place}; {verdicts.with_paths(error.hint, words)}".strip()


def is_quantized(step: Step) -> bool:
    """Tell whether the step itself makes weights smaller, so that its numbers may differ from its source's."""
    return any(step.options.get(name) for name in QUANTIZING)


def _verified(order: Order, settings: Verification, places: Places | None) -> Evidence:
    step = order.step
    source, result = _subjects(step, order.staged)
    if not settings.enabled:
        return _sound(result)
    from workflow.base import scratch  # noqa: PLC0415  as above
    from workflow.runs.workers import worker_if_made  # noqa: PLC0415  as above
    from workflow.verification.levels import Case, verify  # noqa: PLC0415  as above
    from workflow.verification.warm_places import WarmPlaces  # noqa: PLC0415  as above

    pool = order.workshop.runtimes()
    own = WarmPlaces(order.worker, pool, log=order.log, timeout=order.timeout or TIME_LIMIT, listener=order.listener)
    own = dataclasses.replace(own, keras3=lambda: worker_if_made(order.workshop, order.listener))
    with scratch.folder("verify") as folder:
        case = Case(
            result,
            source,
            settings,
            folder,
            may_quantize=is_quantized(step),
            timeout=order.timeout,
            source_answers=pool.source_answers,
        )
        report = verify(case, places or own)
        if report.failed:
            _require_room(folder)
        return report


def _require_room(folder: Path) -> None:
    """Raise ``StorageError`` where what ran could not write: that is no fault of the result."""
    from workflow.base import disk  # noqa: PLC0415  for failures alone

    disk.require_room(folder)


def _advice(report: Evidence, format_: Format) -> str:
    from workflow.verification import verdicts  # noqa: PLC0415  as above

    return verdicts.advice(report, format_)


def _sound(result: Subject) -> Evidence:
    """Look at the structure alone, which costs milliseconds: what does not hold together is never published."""
    from workflow.verification import structure  # noqa: PLC0415  as above
    from workflow.verification.evidence import Evidence  # noqa: PLC0415  as above

    return Evidence((structure.check(result),))


def _subjects(step: Step, staged: Path) -> tuple[Subject, Subject]:
    from workflow.verification.requests import Subject  # noqa: PLC0415  as above

    reading = {name: step.options[name] for name in READING if name in step.options}
    return Subject(Path(step.input), step.from_format, reading), Subject(staged, result_format(step, staged))


def _say(report: Evidence, order: Order) -> None:
    """Say what is to be known about the result, less what is known of its input."""
    known = _known(order.step) if report.remarks else ()
    for remark in report.remarks:
        if remark not in known:
            order.listener.warn(f"{order.task.name}: {remark}")
    for level in report.levels:
        if level.status == "not run":
            order.listener.warn(f"{order.task.name}: {level.level} not compared: {level.why}")
    outputs = report.level("outputs")
    if outputs is not None and outputs.status != "not run":
        say_where_not(report.runs, order.workshop, listener=order.listener)


def say_where_not(runs: Iterable[PlaceReport], workshop: Workshop, *, listener: Listener) -> None:
    """Say which places are not there and how to get them, each reason once in a run."""
    absent: dict[str, list[str]] = {}
    for run in runs:
        if run.status == "not run":
            absent.setdefault(f"{run.why}; {run.remedy}", []).append(str(run.place))
    told = workshop.runtimes().told
    for reason, places in absent.items():
        if reason not in told:
            told.add(reason)
            listener.warn(f"NOT RUN in {', '.join(places)}: {reason}")


def _known(step: Step) -> tuple[str, ...]:
    from workflow.models.inspection import inspect_model  # noqa: PLC0415  with its formats, for runs only

    try:
        return inspect_model(Path(step.input), step.from_format).warnings
    except ModelFileError:
        return ()
