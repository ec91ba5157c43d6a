"""Finding the recipe that a word on the command line means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import RecipeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "recipes"
ENDINGS = (".yml", ".yaml")


def find(text: str, *, cwd: Path | None = None) -> Path:
    """Return the recipe file: the path itself, or in recipes/, each also with .yml or .yaml added.

    Raises RecipeNotFoundError, which names what is near.
    """
    here = cwd or Path.cwd()
    try:
        for candidate in _candidates(text, here):
            if candidate.is_file():
                return candidate
    except (OSError, ValueError) as error:
        raise RecipeNotFoundError(f"`{text[:80]!r}` cannot be the path of a recipe: {error}") from None
    raise RecipeNotFoundError(_problem(text, here), hint=_hint(text, here))


def _candidates(text: str, here: Path) -> Iterator[Path]:
    if not text:
        return
    given = Path(text).expanduser() if text.startswith("~/") else Path(text)
    for folder in (here, here / FOLDER):
        for ending in ("", *ENDINGS):
            yield folder / f"{given}{ending}"


def _problem(text: str, here: Path) -> str:
    if text and (here / text).is_dir():
        return f"{text} is a folder, not a recipe"
    return f"there is no recipe {text[:80] or '(empty name)'}"


def _hint(text: str, here: Path) -> str:
    from workflow.recipe.diagnostics import nearest  # noqa: PLC0415  difflib, only when there is something to say

    folders = [here / FOLDER, here, *([here / text] if text else [])]
    found = {path.name: path for folder in folders for path in _recipes(folder)}
    near = nearest(Path(text).name, found) or nearest(Path(text).stem, {path.stem for path in found.values()})
    if near:
        return f"did you mean {near}?"
    names = ", ".join(sorted(found)[:10])
    return f"there are {names}" if names else "write one in recipes/, or give the path of one; README.md shows how"


def _recipes(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in ENDINGS)
    except (OSError, ValueError):
        return []
