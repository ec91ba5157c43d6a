"""Verifies a staged result before it is published, through the four levels of ``workflow.verification``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import ModelFileError
from workflow.recipe.model import Step
from workflow.running.settling import result_format

if TYPE_CHECKING:
    from workflow.recipe.model import Verification
    from workflow.running.making import Facts, Order
    from workflow.verification.model import Report, Subject
    from workflow.verification.places import Bench

_QUANTIZING = ("quantize_float16", "quantize_uint8", "quantize_uint16", "quantization_bytes", "quantize_auto")
_READING = ("signature_name", "saved_model_tags", "output_node_names")


def check(order: Order, verification: Verification, *, bench: Bench | None = None) -> Facts:
    """Verify the staged artifact of a task and return the facts for its record; empty for a model source.

    Raises the ``VerificationError`` of the first level that fails, or of a required runtime that is not there. What
    was not run, and a comparison that proves nothing, is said and recorded.
    """
    if not isinstance(order.task.declared, Step):
        return {}
    step = order.step
    from workflow.verification import verdicts  # noqa: PLC0415  brings numpy; nothing of it is needed to plan

    settings = step.verification or verification
    report = _verified(order, settings, bench)
    _say(report, order)
    error = verdicts.error_of(report, settings, who=f"step {step.name}")
    if error is not None:
        error.log = str(order.log)
        raise error
    unproven = verdicts.no_proof(report, step.name)
    if unproven is not None:
        order.listener.warn(f"NOT VERIFIED: {unproven.message}. {unproven.hint}")
    facts = verdicts.facts_of(report)
    if not settings.enabled:
        facts["not_run"] = "verify is off in the recipe"
    return facts | {"warnings": _warnings(report)}


def is_quantized(step: Step) -> bool:
    """Tell whether the step itself makes weights smaller, so that its numbers may differ from its source's."""
    return any(step.options.get(name) for name in _QUANTIZING)


def _verified(order: Order, settings: Verification, bench: Bench | None) -> Report:
    from workflow.verification.bench import WorkerBench  # noqa: PLC0415  as above
    from workflow.verification.levels import Case, verify  # noqa: PLC0415  as above

    step = order.step
    source, result = _subjects(step, order.staged)
    pool = order.workshop.runtimes()
    own = WorkerBench(order.worker, pool, log=order.log, timeout=order.timeout, listener=order.listener)
    with tempfile.TemporaryDirectory(prefix="tfjs-verify-") as folder:
        case = Case(
            result,
            source,
            settings,
            Path(folder),
            may_quantize=is_quantized(step),
            timeout=order.timeout,
            references=pool.references,
        )
        return verify(case, bench or own)


def _subjects(step: Step, staged: Path) -> tuple[Subject, Subject]:
    from workflow.verification.model import Subject  # noqa: PLC0415  as above

    reading = {name: step.options[name] for name in _READING if name in step.options}
    handle = step.input if step.input_is_handle else ""
    return Subject(Path(step.input), step.from_format, reading, handle), Subject(staged, result_format(step, staged))


def _say(report: Report, order: Order) -> None:
    """Say what is to be known about the result, less what is known of its input."""
    known = _known(order.step)
    for level in report.levels:
        for remark in level.remarks:
            if remark not in known:
                order.listener.warn(f"{order.task.name}: {remark}")
        if level.status == "not run":
            order.listener.warn(f"{order.task.name}: {level.level} not compared: {level.why}")


def _known(step: Step) -> tuple[str, ...]:
    from workflow.formats.inspection import inspect_model  # noqa: PLC0415  with its formats, for runs only

    if step.input_is_handle:
        return ()
    try:
        return inspect_model(Path(step.input), step.from_format).warnings
    except ModelFileError:
        return ()


def _warnings(report: Report) -> list[str]:
    return [remark for level in report.levels for remark in level.remarks]
