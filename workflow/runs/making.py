"""How each kind of task makes its artifact in staging; one function per kind, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import locations, wording
from workflow.base.errors import ConversionError, ModelFileError, ReferenceConverterError
from workflow.base.records import Record
from workflow.conversion.engines import convert, may_need_worker
from workflow.conversion.job import Job
from workflow.models import sniffing
from workflow.recipe.recipes import ApplicationModel, FetchedModel, ScriptedModel, Step
from workflow.runs.publishing import is_vacant
from workflow.runs.tasks import MODEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.base.events import Listener
    from workflow.catalogue.formats import Format
    from workflow.recipe.recipes import ModelSource, Verification
    from workflow.runs.tasks import Task
    from workflow.runs.workers import RunWorkers


Facts = dict[str, Any]

_NOTHING_WRITTEN = "the script gets the path to write to as its last argument (sys.argv[-1])"


class SourceJob(Record):
    """A model source at work: it writes the first model file to ``target``, with all noise going to ``log``."""

    source: ModelSource
    target: Path
    log: Path
    timeout: float | None
    workers: RunWorkers
    listener: Listener


def provided(step: Step, listener: Listener) -> Step:
    """Return the step as it can be done now: with the folder of its module, and the formats that its input has.

    The network is the host's affair: what reads a model has none. Raises what ``hub.provide`` raises.
    """
    if step.input_is_handle:
        from workflow.runs import hub  # noqa: PLC0415  urllib and ssl cost 30 ms

        step = step.replaced(input=str(hub.provide(step.input, listener)), input_is_handle=False)
    if step.alternative is None:
        return step
    if _format_on_disk(Path(step.input), step.from_format) == step.from_format:
        return step.replaced(alternative=None)
    source, target = step.alternative
    return step.replaced(from_format=source, to_format=target, alternative=None)


def result_format(step: Step, staged: Path) -> Format:
    """Return the format that the step's result has, of those that it may have."""
    return _format_on_disk(staged, step.to_format) if step.fallback_format else step.to_format


def _format_on_disk(path: Path, otherwise: Format) -> Format:
    """Return what the model at ``path`` is by its files; ``otherwise`` where they do not tell.

    Of models that were made as layers where that was possible, else as a graph, only the disk can tell.
    """
    found = sniffing.sighted(path)
    return found.formats[0] if found.formats and otherwise not in found.formats else otherwise


def make(job: Job | SourceJob, task: Task) -> Facts:
    """Make the artifact of a task at ``job.target`` and return the facts for its sidecar.

    Raises a ``WorkflowError``; what is left in staging then is the caller's to remove.
    """
    facts = _converted(job, task.declared) if isinstance(job, Job) else _MAKERS[type(job.source)](job.source, job)
    if is_vacant(job.target):
        raise ConversionError(
            f"step {task.name} ended without an error and without a result",
            hint=_NOTHING_WRITTEN if isinstance(task.declared, ScriptedModel) else "the log may say why",
            log=str(job.log),
        )
    return facts


def needs_environment(task: Task, verification: Verification) -> bool:
    """Tell whether the task is sure to need the converter environment, so that it can warm up early.

    ``verification`` is the recipe's, which holds for a step without one of its own.
    """
    if isinstance(task.declared, Step):
        return (task.declared.verification or verification).enabled or may_need_worker(task.declared)
    return not isinstance(task.declared, FetchedModel)


def may_come_to_need_it(task: Task) -> bool:
    """Tell whether a task that is not sure to need the environment may yet: where our own code declines a model."""
    step = task.declared
    return isinstance(step, Step) and step.engine == "auto" and step.from_format != step.to_format


def _fetched(source: FetchedModel, job: SourceJob) -> Facts:
    from workflow.runs.fetching import fetch  # noqa: PLC0415  urllib and ssl cost 30 ms

    fetch(source, job.target, cache=locations.cache() / "models", listener=job.listener)
    return {"url": wording.address_text(source.url), "sha256": source.sha256}


def _scripted(source: ScriptedModel, job: SourceJob) -> Facts:
    for file in (source.script, *source.depends):
        _need(file, source)
    arguments = [*source.arguments, str(job.target)]
    printed: list[str] = []

    def on_progress(text: str) -> None:
        printed.append(text)
        job.listener.say(text)

    worker = job.workers.fresh()
    try:
        args = {"script": str(source.script), "arguments": arguments, "cwd": str(source.script.parent)}
        worker.run("script", args, log=job.log, timeout=job.timeout, on_progress=on_progress)
    finally:
        worker.close()
    return {"script": str(source.script), "arguments": list(source.arguments), "printed": printed[-20:]}


def _application(source: ApplicationModel, job: SourceJob) -> Facts:
    args = {key: getattr(source, key) for key in ("application", "weights", "offline", "seed")}
    args |= {"options": dict(source.options), "output": str(job.target)}
    if source.weights not in ("imagenet", "seeded"):
        _need(Path(source.weights), source)
    if source.weights == "imagenet":  # fetched by Keras itself, from the network that the warm worker's wall closes
        worker = job.workers.fresh()
        try:
            facts = worker.run("application", args, log=job.log, timeout=job.timeout)
        finally:
            worker.close()
    else:
        facts = job.workers.warm().run("application", args, log=job.log, timeout=job.timeout)
    if facts.get("degraded"):
        job.listener.warn(str(facts["degraded"]))
    return facts


def _converted(job: Job, declared: Step | ModelSource) -> Facts:
    from workflow.models.inspection import inspect_model  # noqa: PLC0415  with its formats, for runs only

    summary = inspect_model(job.source, job.source_format)
    for doubt in summary.doubts:
        job.listener.warn(f"{job.step.name}: {doubt}")
    try:
        facts = convert(job.replaced(summary=summary))
        if isinstance(declared, Step) and declared.input_is_handle:
            facts |= {"handle": wording.address_text(declared.input)}
        return {**facts, "format": result_format(job.step, job.target)}
    except ReferenceConverterError as error:
        # what is known to be odd about the input is the likely cause, and names it better than Keras does
        known = (f"about the input: {warning}" for warning in summary.warnings)
        error.details = "\n".join((*known, error.details)).rstrip()
        raise


def _need(file: Path, source: ModelSource) -> None:
    if not file.is_file():
        raise ModelFileError(
            f"step {MODEL} needs {file}, which is not there",
            hint=f"named at {source.spot}",
        )


_MAKERS: dict[type, Callable[[Any, SourceJob], Facts]] = {
    FetchedModel: _fetched,
    ScriptedModel: _scripted,
    ApplicationModel: _application,
}
