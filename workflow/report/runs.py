"""Finds runs: in the journal of a recipe, as a file of it, or inside a report that was made before."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workflow import printable
from workflow.errors import UsageError
from workflow.report.html import embedded_json
from workflow.report.reading import read_run
from workflow.report.record import RunRecord

if TYPE_CHECKING:
    from workflow.recipe.model import Recipe

_BACK = re.compile(r"(?P<recipe>.+)~(?P<back>\d+)")


def journal_runs(recipe: Recipe) -> list[Path]:
    """Return the files of the recipe's runs, the latest last."""
    from workflow.running.journal import journal_folder  # noqa: PLC0415  with the storage below it

    return sorted((journal_folder(recipe) / "runs").glob("*.json"))


def latest_run(recipe: Recipe) -> dict[str, Any]:
    """Return the latest run of a recipe; raises ``UsageError`` when there is none."""
    found = journal_runs(recipe)
    if not found:
        hint = f"run it first: tfjs-workflow convert {recipe.path.name}"
        raise UsageError(f"{recipe.path.name} has not run yet", hint=hint)
    return _object(found[-1])


def working_run(recipe: Recipe, *, back: int = 0) -> dict[str, Any]:
    """Return the latest run in which a step ran, or the one ``back`` such runs before it; raises ``UsageError``.

    A run that found everything up to date holds the figures of the one before, and so nothing to compare.
    """
    latest = latest_run(recipe)
    found = [path for path in reversed(journal_runs(recipe)) if _worked(_object(path))]
    if back < len(found):
        return _object(found[back])
    if not found and not back:
        return latest
    name = recipe.path.name
    there = ", ".join(f"{name}{f'~{number}' if number else ''} ({path.stem})" for number, path in enumerate(found))
    times = "once only" if len(found) == 1 else f"{len(found)} times only"
    raise UsageError(
        f"{name} has run {times}; runs that found everything up to date do not count", hint=f"there are {there}"
    )


def _worked(run: dict[str, Any]) -> bool:
    """Whether a step of a run did something, if only to fail."""
    steps = run.get("steps")
    return isinstance(steps, list) and any(
        isinstance(step, dict) and step.get("status") in ("done", "failed") for step in steps
    )


def record_of(text: str) -> RunRecord:
    """Return the record that is named by a file (journal, report as JSON or HTML), a recipe, or ``RECIPE~1``.

    Raises ``UsageError`` when there is none, and whatever loading a recipe raises.
    """
    path = Path(text)
    if path.suffix in (".json", ".html") and path.is_file():
        return _from_file(path)
    from workflow import recipe as recipes  # noqa: PLC0415  yaml and pydantic

    back = _BACK.fullmatch(text)
    name = back["recipe"] if back else text
    recipe = recipes.load(recipes.find(name), check_files=False)
    return read_run(working_run(recipe, back=int(back["back"]) if back else 0))


def _from_file(path: Path) -> RunRecord:
    value = _object(path)
    if "version" not in value:
        return _read(value, path)
    try:
        return RunRecord.model_validate(printable.everywhere(value))
    except ValidationError as error:
        raise _no_run(path, f"it is a record of version {value['version']}, and this tool reads version 1") from error


def _object(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            text = embedded_json(text) or ""
        value = json.loads(text)
    except (OSError, ValueError) as error:
        raise _no_run(path, "it cannot be read as JSON") from error
    if not isinstance(value, dict):
        raise _no_run(path, "it holds no object")
    return value


def _read(run: dict[str, Any], path: Path) -> RunRecord:
    try:
        return read_run(run)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _no_run(path, "it is not the record of a run") from error


def _no_run(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no run: {why}",
        hint="give a recipe, RECIPE~1 for the run before the last, a file of .tfjs-workflow/*/runs, or a report.html",
    )
