"""The fields of a model's description, read with types and bounds; what is otherwise is refused by its place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.wording import kind_of, plural, shown

if TYPE_CHECKING:
    from pathlib import Path

MOST_DIMENSIONS = 254
"""TensorFlow's own limit."""

MOST_ELEMENTS = 2**53
"""Beyond it JavaScript cannot count."""

LONGEST_NAME = 16_384
"""Characters of any name or text that means something here."""

_DIGITS = 20  # of a whole number that is written as text


Part = tuple[str, "str | None"]
"""What a part of a place is called, and the name that the file gives it, if any: ``node 17`` and ``conv/kernel``."""


class At:
    """A place in a file, put into words only when something is wrong there: models have thousands of places."""

    __slots__ = ("hint", "parts", "path")

    def __init__(self, path: Path, parts: tuple[Part, ...], hint: str) -> None:
        self.path = path
        self.parts = parts
        self.hint = hint

    def bad(self, problem: str) -> ModelFileError:
        """Return the error that says what is wrong at this place."""
        what = ", ".join(part if name is None else f"{part} {shown(name)}" for part, name in self.parts)
        return ModelFileError(f"{self.path}: {what} {problem}", hint=self.hint)

    def inside(self, what: str, name: str | None = None) -> At:
        """Return a place inside this one."""
        return At(self.path, (*self.parts, (what, name)), self.hint)

    def as_object(self, value: object) -> dict[str, Any]:
        """Return a JSON object."""
        if not isinstance(value, dict):
            raise self.bad(f"is {kind_of(value)}, not an object")
        return value

    def as_list(self, value: object) -> list[Any]:
        """Return a JSON list."""
        if not isinstance(value, list):
            raise self.bad(f"is {kind_of(value)}, not a list")
        return value

    def as_text(self, value: object) -> str:
        """Return text of any length that a name can have."""
        if not isinstance(value, str):
            raise self.bad(f"is {kind_of(value)}, not text")
        if len(value) > LONGEST_NAME:
            raise self.bad(f"is text of {len(value):,} characters, and no name is so long")
        return value

    def as_number(self, value: object) -> float:
        """Return a finite number."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.bad(f"is {kind_of(value)}, not a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.bad("is a number too large for any use")
        return number

    def as_whole(self, value: object) -> int:
        """Return a whole number, which protobuf's JSON writes as text where it may be large."""
        if type(value) is int:
            return value
        if isinstance(value, str) and len(value) <= _DIGITS and value.removeprefix("-").isascii():
            digits = value.removeprefix("-")
            if digits.isdigit():
                return int(value)
        raise self.bad(f"is {shown(value) if isinstance(value, str) else kind_of(value)}, not a whole number")

    def as_sizes(self, sizes: list[int]) -> tuple[int, ...]:
        """Return the shape of a tensor that is there: no size open or negative, and no more elements than there can be.

        Sizes beside a 0 are bounded as well: libraries multiply them before they look at it.
        """
        if len(sizes) > MOST_DIMENSIONS:
            raise self.bad(f"has {plural(len(sizes), 'dimension')}")
        if any(not 0 <= size <= MOST_ELEMENTS for size in sizes):
            raise self.bad("has a shape that is not made of whole numbers that a tensor can have")
        if math.prod(size for size in sizes if size) > MOST_ELEMENTS:
            raise self.bad("has a shape with more elements than any tensor")
        return tuple(sizes)
