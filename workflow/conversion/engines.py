"""Who does a conversion: our own code where it can, the reference converter otherwise, and never without saying so."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, DeclinedError
from workflow.catalogue.options import applying
from workflow.conversion import native

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.catalogue.formats import Format
    from workflow.conversion.job import Work
    from workflow.recipe.recipes import Step

Facts = dict[str, Any]

_IN_WORKER: dict[Format, str] = {
    "tfjs_graph_model": "to_graph_model",
    "tf_saved_model": "to_saved_model",
    "keras_saved_model": "to_saved_model",
    "tfjs_layers_model": "to_layers_model",
}
"""The functions of ``traced`` that make something with TensorFlow, in the worker, by the format of the result."""

_INSTEAD = (
    "`format: auto` makes a graph model where layers do not suffice; what the reference converter makes of such models "
    "does not load in TensorFlow.js, unless the page registers the classes that it lacks. Classes of your own come "
    "from `custom_objects: [my_layers.py]`, and Lambda layers need `unsafe: true`"
)


def may_need_worker(step: Step) -> bool:
    """Tell whether the step is sure, or likely, to need the converter environment."""
    return step.engine == "reference" or (step.from_format, step.to_format) not in native.EDGES


def convert(work: Work) -> Facts:
    """Do the conversion and return the facts for its record: the engine that did it, and why another did not.

    ``engine`` is ``native`` (our code, no TensorFlow), ``worker`` (our code, with TensorFlow in the worker) or
    ``reference``. Raises a ``WorkflowError``; with ``engine: native`` also where our code declines.
    """
    step = work.step
    if step.engine == "reference":
        return _by_reference(work)
    try:
        if may_need_worker(step):
            return _in_worker(work, step.to_format)
        return {"engine": "native", **_natively(work)}
    except DeclinedError as declined:
        return _otherwise(work, declined)


def _in_worker(work: Work, target: Format) -> Facts:
    """Make the result with TensorFlow; what that takes is imported only now."""
    make: Callable[[Work], Facts] = getattr(import_module("workflow.conversion.in_worker"), _IN_WORKER[target])
    return {**make(work), "engine": "worker"}


def _natively(work: Work) -> Facts:
    step = work.step
    pair = (step.from_format, step.to_format)
    options = applying(step.options, pair)  # those of a graph model wait for `format: auto` to make one
    job = native.NativeJob(Path(step.input), pair[0], work.target, pair[1], options, work.listener)
    return native.EDGES[pair](job)


def _otherwise(work: Work, declined: DeclinedError) -> Facts:
    """Go the way that is left where native has declined, if the recipe allows one."""
    step = work.step
    if step.fallback_format == "tfjs_graph_model":
        work.listener.say(f"{step.name}: a graph model, because {declined.reason}")
        return {**_in_worker(work, step.fallback_format), "declined": declined.reason}
    if step.engine == "native":
        raise ConversionError(
            f"step {step.name}: the native engine declines: {declined.reason}",
            hint=f"what works: {declined.route}; `engine: auto` takes the reference converter where it must",
        ) from declined
    if step.to_format == "tfjs_layers_model" and (declined.route == "graph" or _useless_by_reference(work)):
        raise ConversionError(
            f"step {step.name}: {Path(step.input).name} cannot become a layers model: {declined.reason}",
            hint=_INSTEAD,
        ) from declined
    work.listener.say(f"{step.name}: by the reference converter, because {declined.reason}")
    return {**_by_reference(work), "declined": declined.reason}


def _useless_by_reference(work: Work) -> bool:
    """Tell whether what the reference converter makes of the file is known not to load in TensorFlow.js."""
    return work.of_keras_3 or work.step.from_format == "keras_keras"


def _by_reference(work: Work) -> Facts:
    from workflow.conversion.command_line import command_line, converter_argv  # noqa: PLC0415  for this alone

    if work.step.to_format == "tfjs_layers_model" and _useless_by_reference(work):
        what = f"{work.step.name}: the layers models that the reference converter makes of such files"
        work.listener.warn(f"{what} do not load in TensorFlow.js; `engine: auto` makes one that does")
    argv = converter_argv(work.step, output=work.target)
    args = {"argv": argv, "unsafe": bool(work.step.options.get("unsafe"))}
    facts = work.worker().run("convert", args, log=work.log, timeout=work.timeout)
    return {"engine": "reference", "command": command_line(work.step), **facts}
