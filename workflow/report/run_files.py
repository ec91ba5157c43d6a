"""Finds runs: in the journal of a recipe, as a file of it, or inside a report that was made before."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import wording
from workflow.base.errors import ModelFileError, UsageError
from workflow.base.record_json import MalformedError
from workflow.base.wording import shown
from workflow.models.strict_json import require_shallow
from workflow.report.html import embedded_json
from workflow.report.journal_run import JournalRun
from workflow.report.record import RunRecord
from workflow.report.run_reading import read_run

if TYPE_CHECKING:
    from workflow.recipe.recipes import Recipe

_BACK = re.compile(r"(?P<recipe>.+)~(?P<back>\d+)")


def journal_runs(recipe: Recipe) -> list[Path]:
    """Return the files of the recipe's runs, the latest last."""
    from workflow.runs.journal import journal_folder  # noqa: PLC0415  with the storage below it

    return sorted((journal_folder(recipe) / "runs").glob("*.json"))


def latest_run(recipe: Recipe) -> dict[str, Any]:
    """Return the latest run of a recipe; raises ``UsageError`` when there is none."""
    found = journal_runs(recipe)
    if not found:
        hint = f"run it first: tfjs-workflow convert {recipe.path.name}"
        raise UsageError(f"{recipe.path.name} has not run yet", hint=hint)
    return _run(found[-1])


def working_run(recipe: Recipe, *, back: int = 0) -> dict[str, Any]:
    """Return the latest run in which a step ran, or the one ``back`` such runs before it; raises ``UsageError``.

    A run that found everything up to date holds the figures of the one before, and so nothing to compare.
    """
    every = journal_runs(recipe)
    found = [path for path in reversed(every) if _worked(_object(path))]
    if back < len(found):
        return _run(found[back])
    if not found and not (back and every):
        return latest_run(recipe)
    name = recipe.path.name
    there = ", ".join(f"{name}{f'~{number}' if number else ''} ({path.stem})" for number, path in enumerate(found))
    times = "once only" if len(found) == 1 else f"{len(found)} times only"
    raise UsageError(
        f"{name} has run {times}; runs that found everything up to date do not count",
        hint=there and f"there are {there}",
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
    from workflow import recipe as recipes  # noqa: PLC0415  with yaml

    back = _BACK.fullmatch(text)
    name = back["recipe"] if back else text
    recipe = recipes.load(recipes.find(name), check_files=False)
    return read_run(working_run(recipe, back=int(back["back"]) if back else 0))


def _from_file(path: Path) -> RunRecord:
    value = _object(path)
    if "version" not in value:
        return read_run(_run(path))
    if value["version"] != 1:
        why = f"it is a record of version {shown(str(value['version']))}, and this tool reads version 1"
        raise _no_run(path, why)
    try:
        return RunRecord.from_json(wording.everywhere(value))
    except MalformedError as fault:
        raise _no_run(path, str(fault)) from fault


def _object(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            text = embedded_json(text) or ""
        value = json.loads(text)
        require_shallow(value, str(path))
    except (OSError, ValueError, RecursionError) as error:
        raise _no_run(path, "it cannot be read as JSON") from error
    except ModelFileError as error:
        raise _no_run(path, "it is nested more deeply than any") from error
    if not isinstance(value, dict):
        raise _no_run(path, "it holds no object")
    return _in_unicode(value)


def _in_unicode(value: dict[str, Any]) -> dict[str, Any]:
    """Return JSON with a question mark for every half of a character, which no page and no terminal can show."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isascii():
        return value
    found: dict[str, Any] = json.loads(text.encode("utf-8", "replace"))
    return found


def _run(path: Path) -> dict[str, Any]:
    """Return the record of a run in a file of the journal; raises ``UsageError`` for what is none."""
    run = _object(path)
    try:
        JournalRun.from_json(run)
    except MalformedError as fault:
        raise _no_run(path, str(fault)) from fault
    return run


def _no_run(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no run: {why}",
        hint="give a recipe, RECIPE~1 for the run before the last, a file of .tfjs-workflow/*/runs, or a report.html",
    )
