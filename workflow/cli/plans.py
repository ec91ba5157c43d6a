"""Prints plans: as a list for people, as JSON, and as the commands that one would type without this tool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import wording
from workflow.cli.console import console, line
from workflow.recipe.recipes import FetchedModel, ScriptedModel, Step
from workflow.runs import publishing
from workflow.runs.tasks import selected

if TYPE_CHECKING:
    from workflow.recipe.recipes import ModelSource, Recipe
    from workflow.runs.tasks import Selection, Task

_RUN, _SKIP, _STOP = ("run ", "bold cyan"), ("skip", "dim"), ("stop", "bold red")


def print_plan(recipe: Recipe, tasks: list[Task], *, ready: bool) -> None:
    """Print one line per step: run, skip or stop, its name, from where to where, and the reason."""
    screen = console()
    width = max(len(task.name) for task in tasks)
    for task in tasks:
        word, style = (_STOP if task.refused else _RUN) if task.runs else _SKIP
        screen.print(word, style=style, end="  ")
        screen.print(line(f"{task.name:<{width}}  {_journey(task, recipe)}"))
        refusal = (f"convert will refuse it: {task.refused}", publishing.IF_FOREIGN) if task.refused else ()
        for reason in (*task.reasons, *refusal):
            screen.print(line(f"{'':6}{'':{width}}  {reason}"), style="dim")
    running = sum(task.runs for task in tasks)
    refused = sum(bool(task.refused) for task in tasks)
    screen.print(f"{running} of {len(tasks)} to run{f', {refused} refused' if refused else ''}", style="bold")
    for text in [] if ready else environment_lines(recipe, tasks):
        screen.print(line(text))


def environment_lines(recipe: Recipe, tasks: list[Task]) -> list[str]:
    """Return what `convert` will do about an environment that is not ready: nothing where no step needs it."""
    from workflow.runs.making import may_come_to_need_it, needs_environment  # noqa: PLC0415  for this alone

    running = [task for task in tasks if task.runs]
    if any(needs_environment(task, recipe.verification) for task in running):
        return [f"environment {recipe.environment} is not ready: `convert` makes it first"]
    if any(map(may_come_to_need_it, running)):
        made = "`convert` makes it if a model turns out to need it"
        return [f"environment {recipe.environment} is not ready, and not sure to be needed: {made}"]
    return []


def plan_json(recipe: Recipe, tasks: list[Task]) -> str:
    """Return the plan as JSON text: recipe and per step name, kind, output, runs, reasons, and why it is refused."""
    steps = [
        {
            "step": task.name,
            "kind": task.kind,
            "output": str(task.output),
            "runs": task.runs,
            "reasons": list(task.reasons),
            "refused": f"{task.refused}: {publishing.IF_FOREIGN}" if task.refused else None,
        }
        for task in tasks
    ]
    return json.dumps(wording.everywhere({"recipe": str(recipe.path), "steps": steps}, wording.scrubbed), indent=1)


def command_lines(recipe: Recipe, selection: Selection, folder: Path) -> list[str]:
    """Return the line that does each step by hand, with paths relative to ``folder`` where they lie below it.

    Where what it makes does not load in TensorFlow.js, or computes otherwise, a comment above it says so.
    """
    from workflow.conversion.command_line import command_line, unusable  # noqa: PLC0415  with tables, for this alone

    lines = []
    for task in selected(recipe, selection):
        if isinstance(task.declared, Step):
            lines += [line(f"# {why} (step {task.name}):") for why in unusable(task.declared)]
            lines.append(command_line(_relative(task.declared, folder)))
        else:
            lines.append(line(f"# {task.output.name}: {_origin(task.declared)}"))
    return lines


def _relative(step: Step, folder: Path) -> Step:
    source = step.input if step.input_is_handle else str(_below(Path(step.input), folder))
    return step.replaced(input=source, output=_below(step.output, folder))


def _below(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _journey(task: Task, recipe: Recipe) -> str:
    target = _below(task.output, recipe.base)
    if not isinstance(task.declared, Step):
        return f"{_origin(task.declared)} -> {target}"
    step = task.declared
    source = wording.address_text(step.input) if step.input_is_handle else _below(Path(step.input), recipe.base)
    return f"{source} ({_sources(step)}) -> {target} ({_targets(step)})"


def _sources(step: Step) -> str:
    return " or ".join([step.from_format, *([step.alternative[0]] if step.alternative else [])])


def _targets(step: Step) -> str:
    """Return what the step makes, in the order in which it is tried, or as its input turns out to be."""
    if step.fallback_format:
        return f"{step.to_format}, else {step.fallback_format}"
    return " or ".join([step.to_format, *([step.alternative[1]] if step.alternative else [])])


def _origin(source: ModelSource) -> str:
    if isinstance(source, FetchedModel):
        return wording.address_text(source.url)
    if isinstance(source, ScriptedModel):
        return source.script.name
    return f"keras.applications.{source.application} ({Path(source.weights).name})"
