"""How each kind of task makes its artifact in staging; one function per kind, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import locations, wording
from workflow.base.errors import ConversionError, ModelFileError, ReferenceConverterError
from workflow.base.records import Record
from workflow.conversion.engines import convert, may_need_worker
from workflow.conversion.job import Work
from workflow.recipe.recipes import ApplicationModel, FetchedModel, ScriptedModel, Step
from workflow.runs.publishing import is_vacant
from workflow.runs.settling import result_format, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.base.events import Listener
    from workflow.bridge.warm_worker import WorkerLike
    from workflow.recipe.recipes import Verification
    from workflow.runs.planning import Task
    from workflow.runs.workers import Workshop


class Workers(Record):
    """The workshop's workers, each environment made ready when a worker of it is first asked for."""

    workshop: Workshop
    listener: Listener

    def warm(self) -> WorkerLike:
        """Return the warm worker of the converter environment."""
        self.workshop.prepare(self.listener)
        return self.workshop.worker()

    def keras3(self) -> WorkerLike:
        """Return the warm worker of the environment for files of Keras 3."""
        return self.workshop.keras3_worker(self.listener)


class Order(Record):
    """One task to carry out: write the artifact to ``staged``, with all noise going to ``log``."""

    task: Task
    staged: Path
    log: Path
    timeout: float | None
    workshop: Workshop
    listener: Listener
    handle: str = ""
    """The handle of TensorFlow Hub that the step's input was fetched by, as it may be shown."""

    @property
    def step(self) -> Step:
        """The step to carry out, its formats as the input on disk has it; for tasks that are steps."""
        if not isinstance(self.task.declared, Step):
            raise TypeError(self.task.declared)
        return settled(self.task.declared)

    def workers(self) -> Workers:
        """Return where workers come from; an environment is made when the first worker of it is asked for."""
        return Workers(self.workshop, self.listener)

    def worker(self) -> WorkerLike:
        """Return the warm worker; the environment is made and the worker started when this is first called."""
        return self.workers().warm()


def with_folder(order: Order) -> Order:
    """Return the order with the folder of its module where the input is a handle of TensorFlow Hub.

    The network is the host's affair: what reads a model has none. Raises what ``hub.provide`` raises.
    """
    step = order.task.declared
    if not isinstance(step, Step) or not step.input_is_handle:
        return order
    from workflow.runs import hub  # noqa: PLC0415  urllib and ssl cost 30 ms

    folder = hub.provide(step.input, order.listener)
    local = step.replaced(input=str(folder), input_is_handle=False)
    return order.replaced(task=order.task.replaced(declared=local), handle=wording.address_text(step.input))


Facts = dict[str, Any]

_NOTHING_WRITTEN = "the script gets the path to write to as its last argument (sys.argv[-1])"


def make(order: Order) -> Facts:
    """Make the artifact of a task at ``order.staged`` and return the facts for its sidecar.

    Raises a ``WorkflowError``; what is left in staging then is the caller's to remove.
    """
    facts = _MAKERS[type(order.task.declared)](order)
    if is_vacant(order.staged):
        raise ConversionError(
            f"step {order.task.name} ended without an error and without a result",
            hint=_NOTHING_WRITTEN if isinstance(order.task.declared, ScriptedModel) else "the log may say why",
            log=str(order.log),
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


def _fetched(order: Order) -> Facts:
    from workflow.runs.fetching import fetch  # noqa: PLC0415  urllib and ssl cost 30 ms

    source = order.task.declared
    if not isinstance(source, FetchedModel):
        raise TypeError(source)
    fetch(source, order.staged, cache=locations.cache() / "models", listener=order.listener)
    return {"url": wording.address_text(source.url), "sha256": source.sha256}


def _scripted(order: Order) -> Facts:
    source = order.task.declared
    if not isinstance(source, ScriptedModel):
        raise TypeError(source)
    for file in (source.script, *source.depends):
        _need(file, order)
    arguments = [*source.arguments, str(order.staged)]
    printed: list[str] = []

    def on_progress(text: str) -> None:
        printed.append(text)
        order.listener.say(text)

    order.workshop.prepare(order.listener)
    worker = order.workshop.fresh_worker()
    try:
        job = {"script": str(source.script), "arguments": arguments, "cwd": str(source.script.parent)}
        worker.run("script", job, log=order.log, timeout=order.timeout, on_progress=on_progress)
    finally:
        worker.close()
    return {"script": str(source.script), "arguments": list(source.arguments), "printed": printed[-20:]}


def _application(order: Order) -> Facts:
    source = order.task.declared
    if not isinstance(source, ApplicationModel):
        raise TypeError(source)
    job = {key: getattr(source, key) for key in ("application", "weights", "offline", "seed")}
    job |= {"options": dict(source.options), "output": str(order.staged)}
    if source.weights not in ("imagenet", "seeded"):
        _need(Path(source.weights), order)
    if source.weights == "imagenet":  # fetched by Keras itself, from the network that the warm worker's wall closes
        order.workshop.prepare(order.listener)
        worker = order.workshop.fresh_worker()
        try:
            facts = worker.run("application", job, log=order.log, timeout=order.timeout)
        finally:
            worker.close()
    else:
        facts = order.worker().run("application", job, log=order.log, timeout=order.timeout)
    if facts.get("degraded"):
        order.listener.warn(str(facts["degraded"]))
    return facts


def _converted(order: Order) -> Facts:
    from workflow.models.inspection import inspect_model  # noqa: PLC0415  with its formats, for runs only

    step = order.step
    summary = inspect_model(Path(step.input), step.from_format)
    try:
        work = Work(step, order.staged, order.log, order.timeout, order.workers(), order.listener, summary)
        facts = convert(work)
        handle = {"handle": order.handle} if order.handle else {}
        return {**facts, **handle, "format": result_format(step, order.staged)}
    except ReferenceConverterError as error:
        # what is known to be odd about the input is the likely cause, and names it better than Keras does
        known = (f"about the input: {warning}" for warning in summary.warnings)
        error.details = "\n".join((*known, error.details)).rstrip()
        raise


def _need(file: Path, order: Order) -> None:
    if not file.is_file():
        raise ModelFileError(
            f"step {order.task.name} needs {file}, which is not there",
            hint=f"named at {order.task.declared.spot}",
        )


_MAKERS: dict[type, Callable[[Order], Facts]] = {
    FetchedModel: _fetched,
    ScriptedModel: _scripted,
    ApplicationModel: _application,
    Step: _converted,
}
