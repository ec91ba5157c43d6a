"""Recipes: what a user writes, checked and made ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Recipe


def find(text: str, *, cwd: Path | None = None) -> Path:
    """Return the file of the recipe that a word of a command line means; raise RecipeNotFoundError."""
    from workflow.recipe import loading  # noqa: PLC0415  yaml takes time that --help does not have

    return loading.find(text, cwd=cwd)


def load(path: Path, *, check_files: bool = True) -> Recipe:
    """Return the validated recipe of a file; raise RecipeError with every finding.

    Without ``check_files``, what the recipe reads need not exist.
    """
    from workflow.recipe import loading  # noqa: PLC0415  as above

    return loading.load(path, check_files=check_files)
