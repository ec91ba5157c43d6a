"""What a recipe would do now: every step in order, with the reason why it runs or is skipped. Reads only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow import environment as environments
from workflow.base import digests, wording
from workflow.base.records import Record
from workflow.catalogue import engines
from workflow.models.files_read import input_digests
from workflow.recipe.recipes import ApplicationModel, FetchedModel, ScriptedModel
from workflow.runs import publishing
from workflow.runs.journal import last_status
from workflow.runs.sidecars import Ingredients, Sidecar, intact, read_sidecar, sidecar_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from workflow.recipe.recipes import ModelSource, Recipe, Step, Verification

_UNFINISHED = {"failed": "the last run failed", "interrupted": "the last run was interrupted"}

MODEL = "model"
"""The name of the model source among the steps."""


class Task(Record):
    """One thing that a run does, a step or the model source, with its ingredients as they are on disk now."""

    name: str
    kind: str
    output: Path
    after: tuple[str, ...]
    declared: Step | ModelSource


class Decision(Record):
    """Whether a task runs, and why; ``reasons`` is never empty. ``refused`` says why running will be refused, if so."""

    task: Task
    runs: bool
    reasons: tuple[str, ...]
    refused: str = ""


class Selection(Record):
    """Which steps the user asked for and which must run even if up to date; empty means no restriction."""

    only: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None
    forced: tuple[str, ...] = ()
    force_all: bool = False

    def names(self) -> tuple[str, ...]:
        """Return every step name that the selection mentions."""
        ends = tuple(name for name in (self.first, self.last) if name is not None)
        return (*self.only, *ends, *self.forced)

    def forces(self, name: str) -> bool:
        """Tell whether the task of this name must run even if it is up to date."""
        return self.force_all or name in self.forced


def tasks(recipe: Recipe) -> list[Task]:
    """Return the model source, if there is one, and the steps in running order."""
    found = [Task(step.name, step.kind, step.output, step.after, step) for step in recipe.steps]
    if recipe.model is None:
        return found
    return [Task(MODEL, MODEL, recipe.model.output, (), recipe.model), *found]


def selected(recipe: Recipe, selection: Selection) -> list[Task]:
    """Return the tasks that the selection leaves, in running order.

    ``--only`` keeps exactly the named steps. The model source is kept while its file is not there.
    """
    every = tasks(recipe)
    names = [task.name for task in every]
    first = names.index(selection.first) if selection.first else 0
    last = names.index(selection.last) if selection.last else len(names) - 1
    inside = [task for task in every[first : last + 1] if not selection.only or task.name in selection.only]
    source = next((task for task in every if task.name == MODEL and not task.output.exists()), None)
    needs_source = source is not None and source not in inside and any(MODEL in task.after for task in inside)
    return [source, *inside] if needs_source and source is not None else inside


def decide(task: Task, recipe: Recipe, *, environment: str, pending: Collection[str], forced: bool) -> Decision:
    """Decide on one task. ``pending`` names the tasks that run before it, ``environment`` is the lock's digest."""
    upstream = [name for name in task.after if name in pending]
    if forced:
        return Decision(task, runs=True, reasons=("forced",))
    if upstream:
        return Decision(task, runs=True, reasons=(f"its input is made by step {' and '.join(upstream)}",))
    reasons = tuple(_reasons(task, recipe, environment))
    if reasons:
        return Decision(task, runs=True, reasons=reasons)
    return Decision(task, runs=False, reasons=(_up_to_date(task),))


def plan(recipe: Recipe, selection: Selection, *, environment: str) -> list[Decision]:
    """Return a decision for every selected task, in running order, given the digest of the environment's lock.

    Changes no byte on disk.
    """
    decisions: list[Decision] = []
    pending: set[str] = set()
    for task in selected(recipe, selection):
        forced = selection.forces(task.name)
        decision = decide(task, recipe, environment=environment, pending=pending, forced=forced)
        decision = decision if forced or not decision.runs else decision.replaced(refused=_refused(task.output))
        decisions.append(decision)
        if decision.runs:
            pending.add(task.name)
    return decisions


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
        options["native revision"] = engines.REVISION
    options["verify"] = _verification_options(verification_of(step, recipe))
    handle = {"handle": {"sha256": wording.identity(step.input), "bytes": 0}} if step.input_is_handle else None
    inputs = handle or _step_inputs(step)
    return Ingredients(step.kind, options, {**inputs, **_further_inputs(step, recipe)}, environment)


def verification_of(step: Step, recipe: Recipe) -> Verification:
    """Return how the step's result is verified: as it says itself, else as the recipe says."""
    return step.verification or recipe.verification


def _reasons(task: Task, recipe: Recipe, environment: str) -> Iterable[str]:
    interrupted = publishing.leftovers(task.output)
    if interrupted:
        yield "an earlier run was interrupted"
    sidecar = read_sidecar(sidecar_path(task.output))
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


def _up_to_date(task: Task) -> str:
    """Return why a task does not run again, and what it takes where its verification left something open."""
    sidecar = read_sidecar(sidecar_path(task.output))
    text = "inputs, options and environment are as before, output is intact"
    absent = [str(run.place) for run in sidecar.evidence.absent] if sidecar else []
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
    return {key: value for key, value in settings.items() if key not in _NOT_DECIDING}


_NOT_DECIDING = ("inputs", "labels", "repeat")
"""Files, which count by their bytes, and what is only measured."""


def _as_json(value: object) -> object:
    return value.as_dict() if isinstance(value, Record) else str(value)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Path) else value for key, value in options.items()}
