"""How things found in a model file are put into a sentence: bounded, printable, whatever the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.printable import line

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 60
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def shown(text: str) -> str:
    """Return text from a file in quotes, with what a terminal must not receive escaped, and cut when long."""
    return f"'{line(text[:_LONGEST])}{'…' if len(text) > _LONGEST else ''}'"


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words: "a list", "null"."""
    return _KINDS.get(type(value), "null")


def some(names: Iterable[str], *, limit: int = 5) -> str:
    """Return names as a comma list, with "and 7 more" in place of what goes beyond ``limit``."""
    every = list(names)
    rest = len(every) - limit
    return ", ".join(every[:limit]) + (f" and {rest:,} more" if rest > 0 else "")


def plural(count: int, noun: str) -> str:
    """Return "1 file", "3 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
