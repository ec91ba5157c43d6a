"""Finding the recipe that a word on the command line means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base.errors import RecipeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "recipes"
ENDINGS = (".yml", ".yaml")
_HEAD = 2**16
_LONGEST = 400
"""So much is shown of a path: a name that is mistyped stands at its end."""

_STEPS = rb"(?m)^steps[ \t]*:"


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
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}...{text[-_LONGEST // 2 :]}"
    return f"there is no recipe {short or '(empty name)'}"


def _hint(text: str, here: Path) -> str:
    from workflow.recipe.findings import nearest  # noqa: PLC0415  only when there is something to say

    found: dict[str, str] = {}
    for path in (path for folder in _folders(text, here) for path in _recipes(folder)):
        found.setdefault(path.name, _label(path, here))
    stems = {Path(name).stem: Path(label).with_suffix("") for name, label in found.items()}
    near = found.get(nearest(Path(text).name, found)) or stems.get(nearest(Path(text).stem, stems))
    if near:
        return f"did you mean {near}?"
    names = ", ".join(list(found.values())[:10])
    return f"there are {names}" if names else "write one in recipes/, or give the path of one"


def _folders(text: str, here: Path) -> list[Path]:
    """Return where to look for what may have been meant: the folder that the text names first."""
    named = [here / text, (here / text).parent] if text else []
    return list(dict.fromkeys([*named[:1], *(folder for folder in named[1:] if folder != here), here / FOLDER, here]))


def _label(path: Path, here: Path) -> str:
    """Return what to type for a recipe: its name where that is enough, else its path."""
    if path.parent in (here, here / FOLDER):
        return path.name
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _recipes(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in ENDINGS and _is_recipe(path))
    except (OSError, ValueError):
        return []


def _is_recipe(path: Path) -> bool:
    """Tell whether a file looks like a recipe: by its folder, or by the key that every recipe has."""
    if path.parent.name == FOLDER:
        return path.is_file()
    with path.open("rb") as file:
        return re.search(_STEPS, file.read(_HEAD)) is not None
