"""What our own code makes with TensorFlow, in the worker: graph models, SavedModels, and layers out of SavedModels."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, DeclinedError, WorkerDiedError
from workflow.catalogue.options import OPTIONS, Role, of_the_reference
from workflow.conversion import native
from workflow.worker.shared import kernels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.catalogue.formats import Format, Pair
    from workflow.conversion.job import Job


Facts = dict[str, Any]

_GRAPH: Format = "tfjs_graph_model"
_WITH_FORESTS = (
    "a page needs the package @tensorflow/tfjs-tfdf besides TensorFlow.js, whose loadTFDFModel reads assets.zip beside "
    "model.json, too"
)


@dataclass(frozen=True)
class _GraphSource:
    """What the graph is traced from, and what was done to get it."""

    path: str
    format: Format
    facts: Facts


def to_graph_model(job: Job) -> Facts:
    """Write a graph model at ``job.target`` and return facts about it; raises a ``WorkflowError``."""
    later = _for_the_finished_graph(job)
    told = of_the_reference((job.source_format, _GRAPH)) - later.keys()
    with _scratch(job) as folder:
        source = _source(job, folder)
        made = folder / "graph" if later else job.target
        args = {
            "options": {name: value for name, value in job.options.items() if name in told},
            "repairs": job.options.get("repairs", True),
            "output": str(made),
        }
        facts = source.facts | _run(job, "graph", source, args=args)
        if later:
            facts |= _natively(job, made, (_GRAPH, _GRAPH), options=later)
    _say_what_was_chosen(job, facts)
    _say_where_it_runs(job, facts)
    return facts


def to_saved_model(job: Job) -> Facts:
    """Write a SavedModel of a TensorFlow.js model at ``job.target``; raises a ``WorkflowError``."""
    args = {"output": str(job.target), "target": job.target_format}
    with _scratch(job) as folder:
        return _run(job, "saved_model", _as_computed(job, folder), args=args)


def to_layers_model(job: Job) -> Facts:
    """Write a layers model of a Keras SavedModel at ``job.target``: Keras takes it out, the native engine goes on.

    Raises ``DeclinedError`` as the native engine does, or a ``WorkflowError``.
    """
    options = {name: value for name, value in job.options.items() if OPTIONS[name].role is not Role.CODE}
    with _scratch(job) as folder:
        file = folder / "model.h5"
        facts = _run(job, "resave", _given(job), args={"output": str(file)})
        return {**facts, **_natively(job, file, ("keras", "tfjs_layers_model"), options=options), "by_way_of": "keras"}


def _natively(job: Job, source: Path, pair: tuple[Format, Format], *, options: Facts) -> Facts:
    """Make the result of what the worker has made."""
    last = job.replaced(source=source, source_format=pair[0], target_format=pair[1], options=options)
    return native.EDGES[pair](last)


def _given(job: Job) -> _GraphSource:
    return _GraphSource(str(job.source), job.source_format, {})


def _as_computed(job: Job, folder: Path) -> _GraphSource:
    """Return the input, or a layers model with which Keras computes what TensorFlow.js does with the input."""
    if job.source_format != "tfjs_layers_model":
        return _given(job)
    from workflow.conversion.native.keras.layers_source import write_for_keras  # noqa: PLC0415  for such models alone

    written = write_for_keras(job.source, folder / "for_keras")
    return _given(job) if written is None else _GraphSource(str(written), job.source_format, {})


def _for_the_finished_graph(job: Job) -> Facts:
    """Return what the native engine does to the finished graph model: how its weights are stored, all or nothing.

    The worker does that itself unless an option asks for more than the reference converter can.
    """
    pair: Pair = (job.source_format, _GRAPH)
    stored = {
        name: value
        for name, value in job.options.items()
        if OPTIONS[name].role is Role.WEIGHTS and pair in OPTIONS[name].pairs
    }
    return stored if any(value for name, value in stored.items() if pair in OPTIONS[name].ours) else {}


def _source(job: Job, folder: Path) -> _GraphSource:
    """Return what to trace: the input itself, or what is made of a file that the converter's Keras cannot load."""
    if not job.of_keras_3:
        return _as_computed(job, folder)
    try:
        layers = folder / "layers"
        first = job.replaced(target=layers, target_format="tfjs_layers_model", options={})
        native.EDGES[job.source_format, "tfjs_layers_model"](first)
    except DeclinedError as declined:
        because = "" if job.step.fallback_format else f", because {declined.reason}"  # then that has been said
        job.listener.say(f"{job.step.name}: by way of the environment for Keras 3{because}")
        exported = folder / "exported"
        facts = {"by_way_of": "keras3", "exported": _export_with_keras3(job, exported)}
        return _GraphSource(str(exported), "tf_saved_model", facts)
    return _GraphSource(str(layers), "tfjs_layers_model", {"by_way_of": "tfjs_layers_model"})


def _export_with_keras3(job: Job, target: Path) -> Facts:
    """Write a SavedModel of the job's input to ``target``, a path where nothing is yet, and return facts about it.

    Makes the environment ``keras3`` when it is not there. The Python files that the step names, and bytecode in the
    model where ``unsafe`` allows it, run in a worker that does nothing else.
    """
    files, unsafe = job.options.get("custom_objects"), bool(job.options.get("unsafe"))
    modules = [str(file) for file in files] if isinstance(files, list) else []
    source = {"path": str(job.source), "format": job.source_format, "custom_objects": modules, "unsafe": unsafe}
    args = {"source": source, "output": str(target)}
    worker = job.workers.keras3()
    try:
        return worker.run("export", args, log=job.log, timeout=job.timeout, on_progress=job.listener.say)
    except WorkerDiedError as death:
        if unsafe:
            death.hint = f"bytecode in the model may be of another Python than the environment's; {death.hint}"
        raise


def _run(job: Job, work: str, source: _GraphSource, *, args: Facts) -> Facts:
    described: Facts = {"path": source.path, "format": source.format}
    if source.format == job.source_format:
        described |= {name: value for name, value in job.options.items() if value and OPTIONS[name].role is Role.CODE}
    return job.workers.warm().run(work, {"source": described, **args}, log=job.log, timeout=job.timeout)


def _say_what_was_chosen(job: Job, facts: Facts) -> None:
    """Say which outputs of a frozen graph were taken where nobody had named them: a guess that the user can correct."""
    if facts.get("output_node_names_found"):
        names = ", ".join(facts["output_node_names"])
        job.listener.say(
            f"{job.step.name}: its outputs, found in the graph: {names} (`output_node_names:` names others)"
        )


def _say_where_it_runs(job: Job, facts: Facts) -> None:
    """Warn of backends that lack a kernel for the model; the facts name the ops and the layers that they are from."""
    unsupported = facts.get("unsupported") or {}
    tell = job.listener.warn if set(unsupported) - {"webgpu"} else job.listener.say
    if unsupported:
        tell(f"{job.step.name}: in TensorFlow.js it {kernels.report(unsupported)}")
    if facts.get("addons"):
        job.listener.warn(f"{job.step.name}: {_WITH_FORESTS}")


@contextmanager
def _scratch(job: Job) -> Iterator[Path]:
    """Give a folder beside the staged result, on the same disk, that is gone afterwards."""
    folder = job.target.with_name(f"{job.target.name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
        yield folder
    except OSError as problem:
        raise ConversionError(f"step {job.step.name}: {problem}", log=str(job.log)) from problem
    finally:
        shutil.rmtree(folder, ignore_errors=True)
