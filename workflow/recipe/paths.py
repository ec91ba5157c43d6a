"""Paths in recipes: what they count from, which are refused, and when two of them are the same place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.recipe.diagnostics import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RECIPES = "recipes"
_LONGEST = 4000
_LONGEST_NAME = 255  # bytes, on every file system that is in use
_MOST_SIBLINGS = 500


class BadPathError(ValueError):
    """A text cannot be a path; its message says why."""


def base_of(recipe: Path) -> Path:
    """Return the folder that relative paths count from: the recipe's, or its parent when that is ``recipes``."""
    folder = plain(recipe).parent
    return folder.parent if folder.name == _RECIPES else folder


def plain(path: Path) -> Path:
    """Return the path absolute and without ``.`` and ``..``; symbolic links stay."""
    return Path(os.path.abspath(path))  # noqa: PTH100  Path.resolve would follow symbolic links


def absolute(text: str, base: Path) -> Path:
    """Return the path that the text means in a recipe of this base; raise BadPathError when it means none."""
    if not text.strip():
        raise BadPathError("a path cannot be empty")
    if "\0" in text:
        raise BadPathError("a path cannot hold a zero byte")
    if len(text) > _LONGEST:
        raise BadPathError(f"a path of {len(text)} characters is too long")
    if longest_name(text) > _LONGEST_NAME:
        raise BadPathError(f"`{text[:60]}...` has a name of more than {_LONGEST_NAME} bytes, and no file has such")
    try:
        return plain(base / Path(text).expanduser())
    except RuntimeError:
        raise BadPathError(f"`{text[:60]}`: there is no such user here") from None


def longest_name(text: str) -> int:
    """Return the bytes of the longest of the names that a path is made of."""
    return max(len(name.encode("utf-8", "surrogatepass")) for name in text.split("/"))


def identity(path: Path) -> str:
    """Return a text that is equal for two spellings of one place, through symbolic links and case where they count."""
    return os.path.normcase(os.path.realpath(path))


def enclosing(place: str) -> Iterator[str]:
    """Yield the identities of the folders around a place, innermost first."""
    while (parent := os.path.dirname(place)) != place:  # noqa: PTH120  identities are texts
        yield parent
        place = parent


def shown(path: Path, base: Path) -> str:
    """Return the path as a recipe of this base would write it."""
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def nearest_path(path: Path, produced: Iterable[Path], *, base: Path) -> str:
    """Return what is most like the path among what steps make and what stands beside it; empty when nothing is."""
    candidates = {shown(other, base) for other in produced if other != path}
    candidates |= {shown(sibling, base) for sibling in _siblings(path)}
    return nearest(shown(path, base), candidates, likeness=0.8)  # short paths are all alike


def _siblings(path: Path) -> list[Path]:
    try:
        with os.scandir(path.parent) as entries:
            return [Path(entry.path) for entry, _ in zip(entries, range(_MOST_SIBLINGS), strict=False)]
    except OSError:
        return []
