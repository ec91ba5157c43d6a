"""Paths in recipes: which are refused, when two of them are the same place, and who reads and writes them."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.recipe.document import identity, plain
from workflow.recipe.findings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.recipe.document import RecipeDocument
    from workflow.recipe.findings import KeyPath

_LONGEST = 4000
_LONGEST_NAME = 255  # bytes, on every file system that is in use
_LONGEST_OUTPUT = 200  # bytes: what stands beside an output while it is made, and its record, have longer names
_MOST_SIBLINGS = 500


class BadPathError(ValueError):
    """A text cannot be a path; its message says why."""


class OutputPath(Record):
    """A path that a step or the model source (``by``) writes, and where the recipe says so."""

    by: str
    path: Path
    at: KeyPath

    @functools.cached_property
    def place(self) -> str:
        """Where the path leads."""
        return identity(self.path)


class InputPath(Record):
    """A file or folder that a step (or ``verify``, or the model source) reads, and where the recipe says so.

    ``required`` is false for what may be made on the way; ``chained`` means that a step may make it.
    """

    path: Path
    at: KeyPath
    required: bool = True
    chained: bool = False

    @functools.cached_property
    def place(self) -> str:
        """Where the path leads."""
        return identity(self.path)


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


def path_at(document: RecipeDocument, at: KeyPath) -> Path | None:
    """Return the absolute path that stands there; None, with a finding, when it cannot be one."""
    try:
        return absolute(document.text_at(at), document.base)
    except BadPathError as error:
        key = next(part for part in reversed(at) if isinstance(part, str))
        document.blame_value(at, f"`{key}`: {error}", expected="a path")
        return None


def output_at(document: RecipeDocument, at: KeyPath) -> Path | None:
    """Return the path to write to; None, with a finding, when writing there would replace what is not an output."""
    path = path_at(document, at)
    if path is None:
        return None
    if longest_name(path.name) > _LONGEST_OUTPUT:
        problem = f"`{path.name[:60]}...` is too long for an output, beside which its record is kept"
        document.blame_value(at, problem, expected=f"a name of at most {_LONGEST_OUTPUT} bytes")
        return None
    place = identity(path)
    for inside, what in document.own_places.items():
        if place == inside or place in enclosing(inside):
            problem = f"`{document.text_at(at)}` {'is' if place == inside else 'holds'} {what}"
            document.blame_value(at, problem, expected="a path of the output's own")
            return None
    return path
