"""What our own code makes with TensorFlow, in the worker: graph models, SavedModels, and layers out of SavedModels."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, DeclinedError, WorkerDiedError
from workflow.catalogue.options import OPTIONS, Role, of_the_reference
from workflow.conversion import native
from workflow.worker.shared import kernels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.catalogue.formats import Format
    from workflow.catalogue.pairs import Pair
    from workflow.conversion.job import Work
    from workflow.recipe.recipes import Step


Facts = dict[str, Any]

_GRAPH: Format = "tfjs_graph_model"


@dataclass(frozen=True)
class _GraphSource:
    """What the graph is traced from, and what was done to get it."""

    path: str
    format: Format
    facts: Facts


def to_graph_model(work: Work) -> Facts:
    """Write a graph model at ``work.target`` and return facts about it; raises a ``WorkflowError``."""
    options = dict(work.step.options)
    later = _for_the_finished_graph(work.step)
    told = of_the_reference((work.step.from_format, _GRAPH)) - later.keys()
    with _scratch(work) as folder:
        source = _source(work, folder)
        made = folder / "graph" if later else work.target
        args = {
            "options": {name: value for name, value in options.items() if name in told},
            "repairs": options.get("repairs", True),
            "output": str(made),
        }
        facts = source.facts | _run(work, "graph", source, args=args)
        if later:
            job = native.NativeJob(made, _GRAPH, work.target, _GRAPH, later, work.listener)
            facts |= native.EDGES[_GRAPH, _GRAPH](job)
    _say_what_was_chosen(work, facts)
    _say_where_it_runs(work, facts)
    return facts


def to_saved_model(work: Work) -> Facts:
    """Write a SavedModel of a TensorFlow.js model at ``work.target``; raises a ``WorkflowError``."""
    step = work.step
    args = {"output": str(work.target), "target": step.to_format}
    return _run(work, "saved_model", _GraphSource(step.input, step.from_format, {}), args=args)


def to_layers_model(work: Work) -> Facts:
    """Write a layers model of a Keras SavedModel at ``work.target``: Keras takes it out, the native engine goes on.

    Raises ``DeclinedError`` as the native engine does, or a ``WorkflowError``.
    """
    step = work.step
    options = {name: value for name, value in step.options.items() if OPTIONS[name].role is not Role.CODE}
    with _scratch(work) as folder:
        file = folder / "model.h5"
        facts = _run(work, "resave", _GraphSource(step.input, step.from_format, {}), args={"output": str(file)})
        job = native.NativeJob(file, "keras", work.target, "tfjs_layers_model", options, work.listener)
        return {**facts, **native.EDGES["keras", "tfjs_layers_model"](job), "by_way_of": "keras"}


def _for_the_finished_graph(step: Step) -> Facts:
    """Return what the native engine does to the finished graph model: how its weights are stored, all or nothing.

    The worker does that itself unless an option asks for more than the reference converter can.
    """
    pair: Pair = (step.from_format, _GRAPH)
    stored = {
        name: value
        for name, value in step.options.items()
        if OPTIONS[name].role is Role.WEIGHTS and pair in OPTIONS[name].pairs
    }
    return stored if any(value for name, value in stored.items() if pair in OPTIONS[name].ours) else {}


def _source(work: Work, folder: Path) -> _GraphSource:
    """Return what to trace: the input itself, or what is made of a file that the converter's Keras cannot load."""
    step = work.step
    if not work.of_keras_3:
        return _GraphSource(step.input, step.from_format, {})
    try:
        layers = folder / "layers"
        job = native.NativeJob(Path(step.input), step.from_format, layers, "tfjs_layers_model", {}, work.listener)
        native.EDGES[step.from_format, "tfjs_layers_model"](job)
    except DeclinedError as declined:
        because = "" if step.fallback_format else f", because {declined.reason}"  # then that has been said
        work.listener.say(f"{step.name}: by way of the environment for Keras 3{because}")
        return _exported(work, folder / "exported")
    return _GraphSource(str(layers), "tfjs_layers_model", {"by_way_of": "tfjs_layers_model"})


def _exported(work: Work, folder: Path) -> _GraphSource:

    facts = export_with_keras3(work, folder, modules=_modules(work), unsafe=bool(work.step.options.get("unsafe")))
    return _GraphSource(str(folder), "tf_saved_model", {"by_way_of": "keras3", "exported": facts})


def _run(work: Work, job: str, source: _GraphSource, *, args: Facts) -> Facts:
    options = work.step.options
    described: Facts = {"path": source.path, "format": source.format}
    if source.format == work.step.from_format:
        described |= {name: value for name, value in options.items() if value and OPTIONS[name].role is Role.CODE}
    return work.worker().run(job, {"source": described, **args}, log=work.log, timeout=work.timeout)


def _modules(work: Work) -> list[str]:
    """Return the Python files that the step names, whose classes the model is built of."""
    files = work.step.options.get("custom_objects")
    return [str(file) for file in files] if isinstance(files, list) else []


def _say_what_was_chosen(work: Work, facts: Facts) -> None:
    """Say which outputs of a frozen graph were taken where nobody had named them: a guess that the user can correct."""
    if facts.get("output_node_names_found"):
        names = ", ".join(facts["output_node_names"])
        work.listener.say(
            f"{work.step.name}: its outputs, found in the graph: {names} (`output_node_names:` names others)"
        )


def _say_where_it_runs(work: Work, facts: Facts) -> None:
    """Warn of backends that lack a kernel for the model; the facts name the ops and the layers that they are from."""
    unsupported = facts.get("unsupported") or {}
    tell = work.listener.warn if set(unsupported) - {"webgpu"} else work.listener.say
    if unsupported:
        tell(f"{work.step.name}: in TensorFlow.js it {kernels.report(unsupported)}")


@contextmanager
def _scratch(work: Work) -> Iterator[Path]:
    """Give a folder beside the staged result, on the same disk, that is gone afterwards."""
    folder = work.target.with_name(f"{work.target.name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
        yield folder
    except OSError as problem:
        raise ConversionError(f"step {work.step.name}: {problem}", log=str(work.log)) from problem
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export_with_keras3(work: Work, target: Path, *, modules: Sequence[str], unsafe: bool) -> Facts:
    """Write a SavedModel of the step's input to ``target``, a path where nothing is yet, and return facts about it.

    Makes the environment ``keras3`` when it is not there. ``modules`` are Python files that the model's own classes
    come from; they, and bytecode in the file where ``unsafe`` allows it, run in a worker that does nothing else.
    Raises a ``WorkflowError``.
    """
    source: Facts = {"path": str(work.step.input), "format": work.step.from_format}
    source |= {"custom_objects": list(modules), "unsafe": unsafe}
    job = {"source": source, "output": str(target)}
    worker = work.workers.keras3()
    try:
        return worker.run("export", job, log=work.log, timeout=work.timeout, on_progress=work.listener.say)
    except WorkerDiedError as death:
        if unsafe:
            death.hint = f"bytecode in the model may be of another Python than the environment's; {death.hint}"
        raise
