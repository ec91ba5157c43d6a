"""The skip keys of the steps of recipes, and all that they are made of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.golden.inputs import lay_out, put_artifact
from tests.unit.golden.store import FOLDER
from workflow import environment as environments
from workflow.recipe import load
from workflow.recipe.recipes import ApplicationModel, Step
from workflow.runs import planning
from workflow.runs.tasks import MODEL, tasks_of

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format
    from workflow.recipe.recipes import Recipe
    from workflow.runs.sidecars import Ingredients
    from workflow.runs.tasks import Task

FILE = "step_keys.json"
LOCK = "digest of the environment's lock"
_KERAS3 = "digest of the lock of keras3"
_BASE = "<base>"
_SHIPPED = Path(__file__).resolve().parents[3] / "recipes"


def recipes() -> list[Path]:
    """Return the recipes that are shipped, and those that were written for this."""
    return sorted(_SHIPPED.glob("*.yml")) + sorted((FOLDER / "recipes").glob("*.yml"))


def keys_of(path: Path, base: Path, *, text: str | None = None) -> dict[str, Any]:
    """Return key and parts of each step of a recipe, by the step's name, in a folder of fixed inputs.

    ``text`` stands in the recipe's place. Three things that are other on another day or machine have a fixed value in
    the key: the digest of the environment's lock, that of keras3's lock, and the folder.
    """
    base.mkdir()
    lay_out(base)
    if path.parent == _SHIPPED:
        shutil.copytree(_SHIPPED, base / "recipes")
    recipe_file = base / "recipes" / path.name
    recipe_file.parent.mkdir(exist_ok=True)
    recipe_file.write_text(path.read_text(encoding="utf-8") if text is None else text, encoding="utf-8", newline="\n")
    recipe = load(recipe_file)
    found = {}
    for task in tasks_of(recipe):
        ingredients = _pinned(planning.ingredients(task, recipe, environment=LOCK), base)
        found[task.name] = {"key": ingredients.key(), "parts": json.loads(json.dumps(ingredients.as_dict()))}
        put_artifact(task.output, _format_made(task, recipe), by=task.name)
    return found


def all_keys(scratch: Path) -> dict[str, Any]:
    """Return what ``keys_of`` returns for every golden recipe."""
    return {path.stem: keys_of(path, scratch / path.stem) for path in recipes()}


def _pinned(ingredients: Ingredients, base: Path) -> Ingredients:
    """Return ingredients with fixed values for what depends on the day's locks and on where the test runs."""
    options = ingredients.options
    if "keras3" in options:
        assert options["keras3"] == environments.lock_digest(environments.KERAS3_NAME)
        options = {**options, "keras3": _KERAS3}
    placed = _placed({"options": options, "inputs": ingredients.inputs}, str(base))
    return ingredients.replaced(options=placed["options"], inputs=placed["inputs"])


def _placed(value: Any, base: str) -> Any:
    """Return a value with a placeholder for the folder wherever a text, or a key, names it."""
    if isinstance(value, str):
        return value.replace(base, _BASE).replace("\\", "/") if base in value else value
    if isinstance(value, dict):
        return {_placed(key, base): _placed(each, base) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_placed(each, base) for each in value]
    return value


def _format_made(task: Task, recipe: Recipe) -> Format:
    """Return what a task makes: the first choice of a step that has two; of a model source, what its reader expects."""
    if isinstance(task.declared, Step):
        return task.declared.to_format
    if isinstance(task.declared, ApplicationModel):
        return "keras"
    return next(step.from_format for step in recipe.steps if MODEL in step.after)
