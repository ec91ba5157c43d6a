"""What is wrong in a recipe: how a value is refused, and how a finding is shown, with its line and a caret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base.errors import RecipeError
from workflow.base.records import Record
from workflow.base.wording import line, masked, plural, scrubbed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_FINDINGS = 30
_WIDEST_LINE = 150
_GRAMMAR = "`tfjs-workflow schema` prints what a recipe may hold; editors that are given it complete and check"

_ABSENT = (
    "relative paths count from the recipe's folder, or from its parent where that is called `recipes`: "
    "put the file there; a model that has yet to be fetched or made is said in `model:`"
)


KeyPath = tuple[str | int, ...]
"""Keys and list positions that lead from the top of a recipe to a value."""


class Spot(Record):
    """A stretch of one line of a recipe; line and column count from 1. Outside the recipe room it names the file."""

    line: int = 1
    column: int = 1
    width: int = 1
    path: Path | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class RecipeFinding(Record):
    """One thing that is wrong: what is there, what was expected, and the nearest name that would be right.

    ``presumed`` findings rest on a file's name alone; they are dropped when that file turns out to be missing.
    An ``absent`` file is no mistake in what the recipe says.
    """

    spot: Spot
    what: str
    expected: str = ""
    nearest: str = ""
    presumed: bool = False
    absent: bool = False

    def sentence(self) -> str:
        """Return the finding in words."""
        guess = f"Did you mean `{self.nearest}`?" if self.nearest else ""
        expected = f"Expected {self.expected}." if self.expected else ""
        return " ".join(part for part in (f"{self.what}.", expected, guess) if part)


class Refused(Exception):  # noqa: N818  a verdict on a value, not a failure of the program
    """A value cannot be taken. ``what`` goes on after the name of the place, or stands ``alone``.

    The finding points at the value, or at the key that is ``at`` some place in it; ``()`` is the value's own key.
    """

    def __init__(
        self, what: str, expected: str = "", *, near: str = "", at: KeyPath | None = None, alone: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.near = near
        self.at = at
        self.alone = alone


def refused(what: str, expected: str = "", *, near: str = "", at: KeyPath | None = None) -> Refused:
    """Return what to raise when something is wrong with a value, or with the key that is ``at`` a place in it."""
    return Refused(f": {what}", expected, near=near, at=at)


def unfit(value: object, expected: str, *, near: str = "") -> Refused:
    """Return what to raise when something else has to stand in this place."""
    what = " has no value" if value is None else f" cannot be {described(value)}"
    return Refused(what, expected, near=near)


def described(value: object) -> str:
    """Return the value as a sentence names it."""
    if isinstance(value, bool):
        return f"the yes-or-no value `{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"the number {str(value)[:40]}"
    if isinstance(value, str):
        return f"`{scrubbed(value)[:60]}`" if value else "an empty text"
    noun = "list" if isinstance(value, list) else "mapping" if isinstance(value, dict) else ""
    return f"a{'' if value else 'n empty'} {noun}" if noun else "nothing"


def nearest(word: str, candidates: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return the candidate that is most like ``word``, whatever the case; empty when none is near."""
    import difflib  # noqa: PLC0415  a right recipe has no use for it

    plain = {candidate.casefold(): candidate for candidate in candidates}
    found = difflib.get_close_matches(word.casefold()[:200], list(plain), n=1, cutoff=likeness)
    return plain[found[0]] if found else ""


def listed(words: Iterable[str]) -> str:
    """Return the words as they stand in a sentence: ``a``, ``a or b``, ``a, b or c``."""
    every = [f"`{word}`" for word in words]
    return " or ".join(part for part in (", ".join(every[:-1]), *every[-1:]) if part)


def shown_path(path: Path) -> str:
    """Return the path as seen from the current folder when it is below, else in full."""
    here = Path.cwd()
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  Path.resolve would follow symlinks
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)


def _render(finding: RecipeFinding, path: Path, lines: Sequence[str]) -> str:
    """Return the finding with its place, its source line and a caret below."""
    spot = finding.spot
    head = line(scrubbed(f"{shown_path(path)}:{spot.line}:{spot.column}: {finding.sentence()}"))
    source = masked(lines[spot.line - 1]) if 0 < spot.line <= len(lines) else ""
    return "\n".join([head, *_excerpt(source, spot)]) if source.strip() else head


def recipe_error(path: Path, findings: Iterable[RecipeFinding], *, lines: Sequence[str]) -> RecipeError:
    """Return the error that shows every finding, in the order of their places."""
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: (finding.spot.line, finding.spot.column))
    shown = [_render(finding, path, lines) for finding in ordered[:_MOST_FINDINGS]]
    if len(ordered) > _MOST_FINDINGS:
        shown.append(f"... and {len(ordered) - _MOST_FINDINGS} more")
    return RecipeError(
        f"{shown_path(path)} has {plural(len(ordered), 'error')}",
        details="\n\n".join(shown),
        hint=_ABSENT if all(finding.absent for finding in ordered) else _GRAMMAR,
    )


def _excerpt(source: str, spot: Spot) -> list[str]:
    """Return the source line and its caret line, cut to what fits a screen."""
    begin = max(0, spot.column - 1 - _WIDEST_LINE * 2 // 3)
    window = source[begin : begin + _WIDEST_LINE]
    before = window[: spot.column - 1 - begin]
    marked = window[len(before) : len(before) + max(1, spot.width)]
    printable = "".join(char if char.isprintable() or char == "\t" else "?" for char in window)
    blank = "".join("\t" if char == "\t" else " " * _cells(char) for char in before)
    return [f"    {printable}", f"    {blank}{'^' * max(1, sum(map(_cells, marked)))}"]


def _cells(char: str) -> int:
    """Return how many columns of a terminal the character takes."""
    import unicodedata  # noqa: PLC0415  as above

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
