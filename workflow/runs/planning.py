"""What a recipe would do now: every step in order, with the reason why it runs or is skipped. Reads only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow import environment as environments
from workflow.base import digests, wording
from workflow.base.records import Record
from workflow.catalogue import formats
from workflow.models.sniffing import input_digests
from workflow.recipe.recipes import ApplicationModel, FetchedModel, ScriptedModel
from workflow.runs import publishing
from workflow.runs.journal import last_status
from workflow.runs.sidecars import Ingredients, Sidecar, intact, read_sidecar, sidecar_path
from workflow.runs.tasks import MODEL, selected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from workflow.recipe.recipes import ModelSource, Recipe, Step, Verification
    from workflow.runs.tasks import Selection, Task

_UNFINISHED = {"failed": "the last run failed", "interrupted": "the last run was interrupted"}


def decide(task: Task, recipe: Recipe, *, environment: str, pending: Collection[str], forced: bool) -> Task:
    """Return the task with what is decided about it.

    ``pending`` names the tasks that run before it, ``environment`` is the digest of the environment's lock.
    """
    upstream = [name for name in task.after if name in pending]
    if forced:
        return task.replaced(runs=True, reasons=("forced",))
    if upstream:
        return task.replaced(runs=True, reasons=(f"its input is made by step {' and '.join(upstream)}",))
    sidecar = read_sidecar(sidecar_path(task.output))
    reasons = tuple(_reasons(task, recipe, environment=environment, sidecar=sidecar))
    if reasons or sidecar is None:
        return task.replaced(runs=True, reasons=reasons)
    return task.replaced(runs=False, reasons=(_up_to_date(task, sidecar),))


def plan(recipe: Recipe, selection: Selection, *, environment: str) -> list[Task]:
    """Return the selected tasks, decided, in running order, given the digest of the environment's lock.

    Changes no byte on disk.
    """
    decided: list[Task] = []
    pending: set[str] = set()
    for task in selected(recipe, selection):
        forced = selection.forces(task.name)
        now = decide(task, recipe, environment=environment, pending=pending, forced=forced)
        decided.append(now if forced or not now.runs else now.replaced(refused=_refused(task.output)))
        if now.runs:
            pending.add(task.name)
    return decided


def _refused(output: Path) -> str:
    """Return why a run will not replace what stands at an output; what a killed run left is put right by the next."""
    evidence = "" if publishing.half_published(output) else publishing.foreign(output)
    return f"nothing shows that tfjs-workflow made {output.name} ({evidence})" if evidence else ""


def ingredients(task: Task, recipe: Recipe, *, environment: str) -> Ingredients:
    """Return everything that decides what the task produces, as it is on disk now."""
    if isinstance(task.declared, (FetchedModel, ScriptedModel, ApplicationModel)):
        options, inputs = _source_ingredients(task.declared, recipe)
        return Ingredients(MODEL, options, inputs, "" if isinstance(task.declared, FetchedModel) else environment)
    step = task.declared
    options = {"from": step.from_format, "to": step.to_format, **_plain(step.options), "engine": step.engine}
    if step.fallback_format:
        options["or"] = step.fallback_format
    if step.from_format in ("keras", "keras_keras") and "tfjs_graph_model" in (step.to_format, step.fallback_format):
        options["keras3"] = environments.lock_digest(environments.KERAS3_NAME)  # a file of Keras 3 may go that way
    if step.engine != "reference":
        options["native revision"] = formats.REVISION
    options["verify"] = _verification_options(verification_of(step, recipe))
    handle = {"handle": {"sha256": wording.identity(step.input), "bytes": 0}} if step.input_is_handle else None
    inputs = handle or _step_inputs(step)
    return Ingredients(step.kind, options, {**inputs, **_further_inputs(step, recipe)}, environment)


def verification_of(step: Step, recipe: Recipe) -> Verification:
    """Return how the step's result is verified: as it says itself, else as the recipe says."""
    return step.verification or recipe.verification


def _reasons(task: Task, recipe: Recipe, *, environment: str, sidecar: Sidecar | None) -> Iterable[str]:
    interrupted = publishing.leftovers(task.output)
    if interrupted:
        yield "an earlier run was interrupted"
    if sidecar is None and task.output.exists():
        yield "no record of an earlier run beside the output"
    elif sidecar is None and not interrupted:
        yield _UNFINISHED.get(last_status(recipe, task), "not made yet")
    if sidecar is None:
        return
    yield from _differences(task, recipe, environment=environment, sidecar=sidecar)
    yield from intact(task.output, sidecar)
    absent = sidecar.evidence.absent
    if absent:
        from workflow.verification.runtimes import presence  # noqa: PLC0415  only where something was not there

        yield from presence.arrived(absent)


def _up_to_date(task: Task, sidecar: Sidecar) -> str:
    """Return why a task does not run again, and what it takes where its verification left something open."""
    text = "inputs, options and environment are as before, output is intact"
    absent = [str(run.place) for run in sidecar.evidence.absent]
    return f"{text}; it was not run in {', '.join(absent)}: --force {task.name} verifies it again" if absent else text


def _differences(task: Task, recipe: Recipe, *, environment: str, sidecar: Sidecar) -> list[str]:
    now = ingredients(task, recipe, environment=environment)
    if now.key() == sidecar.ingredients.key():
        return []
    return now.differences(sidecar.ingredients) or ["the tool's own format version changed"]


def _source_ingredients(source: ModelSource, recipe: Recipe) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    if isinstance(source, FetchedModel):
        return {"sha256": source.sha256}, {}
    if isinstance(source, ScriptedModel):
        files = digests.digests_of([source.script, *source.depends], root=_common_root(source, recipe))
        return {"arguments": [wording.identified(each) for each in source.arguments]}, digests.to_json(files)
    options = {key: getattr(source, key) for key in ("application", "weights", "offline", "seed")}
    weights = Path(source.weights)
    files = {"weights": digests.file_digest(weights)} if weights.is_file() else {}
    return {**options, **_plain(source.options)}, digests.to_json(files)


def _common_root(source: ScriptedModel, recipe: Recipe) -> Path:
    inside = all(path.is_relative_to(recipe.base) for path in (source.script, *source.depends))
    return recipe.base if inside else Path(source.script.anchor)


def _step_inputs(step: Step) -> dict[str, dict[str, Any]]:
    return digests.to_json(input_digests(Path(step.input), step.from_format))


def _further_inputs(step: Step, recipe: Recipe) -> dict[str, dict[str, Any]]:
    metadata = step.options.get("metadata")
    files = {f"metadata {key}": Path(str(path)) for key, path in metadata.items()} if isinstance(metadata, dict) else {}
    modules = step.options.get("custom_objects")
    for path in modules if isinstance(modules, list) else ():  # a module may import its neighbours
        files |= {f"custom objects {found}": found for found in sorted(Path(path).parent.glob("*.py"))}
    verification = verification_of(step, recipe)
    if verification.enabled:
        named = {"verify inputs": verification.inputs, "verify labels": verification.labels}
        files |= {name: path for name, path in named.items() if path is not None}
    found = {name: digests.artifact_digests(path) for name, path in files.items()}
    return digests.to_json({f"{name}/{file}": one for name, every in found.items() for file, one in every.items()})


def _verification_options(verification: Verification) -> dict[str, Any]:
    """Return the settings that decide whether a result is published; JSON's own types, as a sidecar gives them back."""
    if not verification.enabled:
        return {"enabled": False}
    settings: dict[str, Any] = json.loads(json.dumps(verification.as_dict(), default=_as_json))
    known = {key: value for key, value in settings.items() if key not in _NOT_DECIDING}
    return {key: value for key, value in known.items() if key not in _LATER or value is not None}


_LATER = ("agreement",)
"""Settings that came later: what was made without them is still what it was."""

_NOT_DECIDING = ("inputs", "labels", "repeat")
"""Files, which count by their bytes, and what is only measured."""


def _as_json(value: object) -> object:
    return value.as_dict() if isinstance(value, Record) else str(value)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Path) else value for key, value in options.items()}
