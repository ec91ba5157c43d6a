"""What a run is asked for, what it plans, and how that ends: what planning, runner, journal and screens share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.base.errors import WorkflowError
    from workflow.bridge.usage import JobUsage
    from workflow.recipe.recipes import ModelSource, Recipe, Step

MODEL = "model"
"""The name of the model source among the steps."""

Status = Literal["done", "up to date", "failed", "not run"]


class Task(Record):
    """One thing that a run does, a step or the model source, with what was decided about it.

    ``reasons`` say why it ``runs`` or why not, and are empty while nobody has decided; ``refused`` says why running it
    will be refused, if so.
    """

    name: str
    kind: str
    output: Path
    after: tuple[str, ...]
    declared: Step | ModelSource
    runs: bool = False
    reasons: tuple[str, ...] = ()
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


class Outcome(Record):
    """How one task ended. ``facts`` is what its sidecar records; sizes in bytes; ``seconds`` is wall time.

    ``jobs`` are those that workers did for it, with their memory, whether it came to an end or failed.
    """

    task: Task
    status: Status
    seconds: float = 0.0
    bytes_before: int = 0
    bytes_after: int = 0
    facts: Mapping[str, Any] = {}
    error: WorkflowError | None = None
    jobs: tuple[JobUsage, ...] = ()


def tasks_of(recipe: Recipe) -> list[Task]:
    """Return the model source, if there is one, and the steps in running order; nothing is decided yet."""
    found = [Task(step.name, step.kind, step.output, step.after, step) for step in recipe.steps]
    if recipe.model is None:
        return found
    return [Task(MODEL, MODEL, recipe.model.output, (), recipe.model), *found]


def selected(recipe: Recipe, selection: Selection) -> list[Task]:
    """Return the tasks that the selection leaves, in running order.

    ``--only`` keeps exactly the named steps. The model source is kept while its file is not there.
    """
    every = tasks_of(recipe)
    names = [task.name for task in every]
    first = names.index(selection.first) if selection.first else 0
    last = names.index(selection.last) if selection.last else len(names) - 1
    inside = [task for task in every[first : last + 1] if not selection.only or task.name in selection.only]
    source = next((task for task in every if task.name == MODEL and not task.output.exists()), None)
    needs_source = source is not None and source not in inside and any(MODEL in task.after for task in inside)
    return [source, *inside] if needs_source and source is not None else inside
