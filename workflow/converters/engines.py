"""Who does a conversion: our own code where it can, the reference converter otherwise, and never without saying so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.converters import native
from workflow.converters.command import command_line, converter_argv
from workflow.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.converters.bridge import WorkerLike
    from workflow.events import Listener
    from workflow.recipe.model import Step

Facts = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """One conversion to do: ``target`` is the staged path; ``worker`` is called only when the worker is needed."""

    step: Step
    target: Path
    log: Path
    timeout: float | None
    worker: Callable[[], WorkerLike]
    listener: Listener
    not_for_reference: str = ""
    """Why the reference converter must not do it, though it would and would call it done."""


def may_need_worker(step: Step) -> bool:
    """Tell whether the step is sure, or likely, to need the converter environment."""
    return step.engine == "reference" or (step.from_format, step.to_format) not in native.EDGES


def convert(work: Work) -> Facts:
    """Do the conversion and return the facts for its record: the engine that did it, and why another did not.

    Raises a ``WorkflowError``; with ``engine: native`` also where the native engine declines.
    """
    step = work.step
    if step.engine == "reference" or (step.engine == "auto" and may_need_worker(step)):
        return _by_reference(work)
    try:
        return {"engine": "native", **_natively(work)}
    except native.DeclinedError as declined:
        if step.engine == "native":
            raise ConversionError(
                f"step {step.name}: the native engine declines: {declined.reason}",
                hint=f"what works: {declined.route}; `engine: auto` takes the reference converter where it must",
            ) from declined
        work.listener.say(f"{step.name}: by the reference converter, because {declined.reason}")
        return {**_by_reference(work), "declined": declined.reason}


def _natively(work: Work) -> Facts:
    step = work.step
    pair = (step.from_format, step.to_format)
    if step.input_is_handle or pair not in native.EDGES:
        raise native.DeclinedError(f"it does not convert {step.from_format} to {step.to_format}")
    source = Path(step.input)
    job = native.NativeJob(source, pair[0], work.target, pair[1], step.options, work.listener)
    return native.EDGES[pair](job)


def _by_reference(work: Work) -> Facts:
    if work.not_for_reference:
        raise ConversionError(
            f"step {work.step.name}: {work.not_for_reference}",
            hint="in the program that made the model, `model.export('folder')`, and make a graph model of that folder",
        )
    argv = converter_argv(work.step, output=work.target)
    facts = work.worker().run("convert", {"argv": argv}, log=work.log, timeout=work.timeout)
    return {"engine": "reference", "command": command_line(work.step), **facts}
