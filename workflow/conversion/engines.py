"""Who does a conversion: our own code where it can, the reference converter otherwise, and never without saying so."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, DeclinedError
from workflow.bridge.failure_kinds import UNQUANTIZED
from workflow.catalogue.options import applying
from workflow.conversion import native, training_state
from workflow.models.keras.allowed import QUANTIZED_IN_KERAS

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.catalogue.formats import Format
    from workflow.conversion.job import Job
    from workflow.recipe.recipes import Step

Facts = dict[str, Any]

_IN_WORKER: dict[Format, str] = {
    "tfjs_graph_model": "to_graph_model",
    "tf_saved_model": "to_saved_model",
    "keras_saved_model": "to_saved_model",
    "tfjs_layers_model": "to_layers_model",
}
"""The functions of ``in_worker`` that make something with TensorFlow, in the worker, by the format of the result."""

_INSTEAD = (
    "`format: auto` makes a graph model where layers do not suffice; what the reference converter makes of such models "
    "does not load in TensorFlow.js, unless the page registers the classes that it lacks"
)
_BY_REFERENCE = "`engine: auto` takes the reference converter for it"
_NEITHER = "the reference converter would not either; put something that Keras has in its place in TensorFlow.js"
_NO_REFERENCE = "nothing else writes files for Keras 3 alone; `format: keras_keras` makes one of Keras 2"
_FURTHER = (
    ("'Lambda'", ". A Lambda layer needs `unsafe: true` for that"),
    ("has no layer class", ". A class of your own comes from `custom_objects: [my_layers.py]`"),
)
"""What else helps, by words of why a layers model cannot be made: what is said first, if any."""


def may_need_worker(step: Step) -> bool:
    """Tell whether the step is sure, or likely, to need the converter environment."""
    return step.engine == "reference" or (step.from_format, step.to_format) not in native.EDGES


def convert(job: Job) -> Facts:
    """Do the conversion and return the facts for its record: the engine that did it, and why another did not.

    ``engine`` is ``native`` (our code, no TensorFlow), ``worker`` (our code, with TensorFlow in the worker) or
    ``reference``. Raises a ``WorkflowError``; with ``engine: native`` also where our code declines.
    """
    facts = _converted(job, job.step)
    lost = training_state.left_behind(job)
    if lost:
        job.listener.say(f"{job.step.name}: {lost}")
        facts["said"] = [*facts.get("said", ()), lost]
    return facts


def _converted(job: Job, step: Step) -> Facts:
    if step.engine == "reference":
        return _by_reference(job, step)
    try:
        if may_need_worker(step):
            return _in_worker(job)
        pair = (job.source_format, job.target_format)
        options = applying(job.options, pair)  # those of a graph model wait for `format: auto` to make one
        return {"engine": "native", **native.EDGES[pair](job.replaced(options=options))}
    except DeclinedError as declined:
        return _otherwise(job, step, declined)


def _in_worker(job: Job) -> Facts:
    """Make the result with TensorFlow; what that takes is imported only now."""
    make: Callable[[Job], Facts] = getattr(
        import_module("workflow.conversion.in_worker"), _IN_WORKER[job.target_format]
    )
    return {**make(job), "engine": "worker"}


def _otherwise(job: Job, step: Step, declined: DeclinedError) -> Facts:
    """Go the way that is left where native has declined, if the recipe allows one."""
    why = declined.reason
    if step.fallback_format == "tfjs_graph_model":
        job.listener.say(f"{step.name}: a graph model, because {why}")
        return {**_in_worker(job.replaced(target_format=step.fallback_format)), "declined": why}
    no_layers = step.to_format == "tfjs_layers_model" and (declined.route == "graph" or _useless_by_reference(job))
    if step.engine == "native":
        hint = _instead(why) if no_layers else _NEITHER if declined.route == "none" else _BY_REFERENCE
        raise ConversionError(f"step {step.name}: the native engine declines: {why}", hint=hint) from declined
    if no_layers:
        raise ConversionError(
            f"step {step.name}: {job.source.name} cannot become a layers model: {why}",
            hint=_instead(why),
        ) from declined
    if declined.route == "none":
        raise ConversionError(
            f"step {step.name}: {job.source.name} cannot be written so that it computes the same: {why}",
            hint=_NEITHER,
        ) from declined
    if step.options.get("for_keras3"):
        raise ConversionError(f"step {step.name}: {why}", hint=_NO_REFERENCE) from declined
    job.listener.say(f"{step.name}: by the reference converter, because {why}")
    return {**_by_reference(job, step), "declined": why}


def _instead(why: str) -> str:
    """Return what to do about a model that cannot become a layers model."""
    if QUANTIZED_IN_KERAS in why:
        return UNQUANTIZED
    return _INSTEAD + next((text for words, text in _FURTHER if words in why), "")


def _useless_by_reference(job: Job) -> bool:
    """Tell whether what the reference converter makes of the file is known not to load in TensorFlow.js."""
    return job.of_keras_3 or job.source_format == "keras_keras"


def _by_reference(job: Job, step: Step) -> Facts:
    from workflow.conversion.command_line import command_line, converter_argv  # noqa: PLC0415  for this alone

    if job.target_format == "tfjs_layers_model" and _useless_by_reference(job):
        what = f"{step.name}: the layers models that the reference converter makes of such files"
        job.listener.warn(f"{what} do not load in TensorFlow.js; `engine: auto` makes one that does")
    argv = converter_argv(step, output=job.target)
    args = {"argv": argv, "unsafe": bool(step.options.get("unsafe"))}
    facts = job.workers.warm().run("convert", args, log=job.log, timeout=job.timeout)
    return {"engine": "reference", "command": command_line(step), **facts}
