"""Readers: each takes one value of a recipe as what it has to be, or refuses it, and knows its JSON Schema."""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args

from workflow.recipe.diagnostics import listed, nearest
from workflow.recipe.saying import Refused, Said, described, refused, unfit

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
Schema = dict[str, Any]

_IN_WORDS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc")
A_MAPPING = "a mapping (`key: value`)"
_BOUNDS: dict[str, tuple[Callable[[float, float], bool], str, str]] = {
    "above": (operator.gt, "exclusiveMinimum", "more than {:g}"),
    "least": (operator.ge, "minimum", "at least {:g}"),
    "below": (operator.lt, "exclusiveMaximum", "less than {:g}"),
    "most": (operator.le, "maximum", "at most {:g}"),
}


class Reader(Generic[T]):
    """Takes a value by a function that returns it as it is meant or raises Refused."""

    def __init__(self, take: Callable[[Any], T], schema: Schema) -> None:
        self._take = take
        self.schema = schema

    def read(self, said: Said) -> T:
        """Return what the value means; raises Refused when it cannot be taken, and notes what in it cannot."""
        return self._take(said.value)

    def attempt(self, said: Said) -> T | None:
        """Return what the value means; None, with a finding, when it cannot be taken."""
        try:
            return self.read(said)
        except Refused as refusal:
            said.complain(refusal)
            return None


class ListOf(Reader[list[T]]):
    """A list of ``least`` to ``most`` items; for ``one``, a text stands for a list of it."""

    def __init__(self, item: Reader[T], *, least: int = 0, most: int = 0, one: bool = False) -> None:
        sizes = {name: size for name, size in (("minItems", least), ("maxItems", most)) if size}
        schema = {"type": "array", "items": item.schema, **sizes}
        super().__init__(self._enough, {"anyOf": [item.schema, schema]} if one else schema)
        self._item = item
        self._least = least
        self._most = most
        self._one = one

    def read(self, said: Said) -> list[T]:
        """Return the items; None stands for those that were refused."""
        value = [said.value] if self._one and isinstance(said.value, str) else said.value
        typed(value, list, noun="a list")
        before = len(said.broken)
        found = [self._item.attempt(said.inner(place, item)) for place, item in enumerate(value)]
        return cast("list[T]", found) if len(said.broken) > before else self._take(found)

    def _enough(self, found: list[Any]) -> list[T]:
        if len(found) > self._most > 0:
            raise Refused(f" has {len(found)} entries", f"at most {self._most}")
        if len(found) < self._least:
            few = Refused(" has one entry", f"at least {self._least} entries")
            raise few if found else unfit(found, "an entry" if self._least == 1 else few.expected)
        return found


class MapOf(Reader[dict[str, T]]):
    """A mapping from names to what one reader takes."""

    def __init__(self, item: Reader[T]) -> None:
        about = {"propertyNames": {"minLength": 1}, "additionalProperties": item.schema}
        super().__init__(lambda value: typed(value, dict, noun=A_MAPPING), {"type": "object", **about})
        self._item = item

    def read(self, said: Said) -> dict[str, T]:
        """Return the mapping; None stands for the values that were refused."""
        found: dict[str, Any] = {}
        for name, value in super().read(said).items():
            inner = said.inner(name, value)
            found[name] = self._item.attempt(inner)
            if not name:
                inner.complain(Refused(f"a name{said.inside()} cannot be empty", "some text", at=(), alone=True))
        return found


def typed(value: Any, kind: type[T], *, noun: str) -> T:
    """Return the value if it is of this type, where yes and no are no numbers; raise Refused if it is not."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise unfit(value, noun)
    return value


def _text(value: Any) -> str:
    quotes = "; put it in quotes if it is meant as text" if isinstance(value, (bool, int, float)) else ""
    return typed(value, str, noun=f"text{quotes}")


def _full(value: Any) -> str:
    if not (found := _text(value)):
        raise unfit(value, "some text")
    return found


def _finite(value: Any) -> float:
    try:
        found = float(value if isinstance(value, float) else typed(value, int, noun="a number"))
    except OverflowError:
        raise unfit(value, "a number") from None
    if not math.isfinite(found):
        raise unfit(value, "a finite number")
    return found


def whole(**bounds: int) -> Reader[int]:
    """Return the reader of whole numbers ``above``, ``below``, at ``least`` or at ``most`` something."""
    return _bounded(lambda value: typed(value, int, noun="a whole number"), "integer", bounds)


def number(**bounds: int) -> Reader[float]:
    """Return the reader of finite numbers, whole or not, with bounds as ``whole`` has them."""
    return _bounded(_finite, "number", bounds)


def _bounded(take: Callable[[Any], T], kind: str, bounds: dict[str, int]) -> Reader[T]:
    def within(value: Any) -> T:
        found = take(value)
        for name, bound in bounds.items():
            holds, _, phrase = _BOUNDS[name]
            if not holds(value, bound):
                raise unfit(value, phrase.format(bound))
        return found

    return Reader(within, {"type": kind, **{_BOUNDS[name][1]: bound for name, bound in bounds.items()}})


def choice(*kinds: Any, **about: bool) -> Reader[Any]:
    """Return the reader of the words, or numbers, of Literal types; ``about`` is added to the schema."""
    enums = [get_args(kind) for kind in kinds]
    words = [word for enum in enums for word in enum]

    def take(value: Any) -> Any:
        if not any(value == word and type(value) is type(word) for word in words):
            names = [str(word) for word in words]
            raise unfit(value, listed(names), near=nearest(value, names) if isinstance(value, str) else "")
        return value

    schemas = [{"enum": list(enum), "type": "integer" if isinstance(enum[0], int) else "string"} for enum in enums]
    return Reader(take, {**(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}), **about})


def shaped(pattern: str, verdict: str, *, expected: str) -> Reader[str]:
    """Return the reader of texts that match a pattern, in whatever script their words are."""

    def take(value: Any) -> str:
        if not re.fullmatch(pattern, _plain(_text(value))):
            raise refused(f"{described(value)} {verdict}", expected)
        return str(value)

    return Reader(take, {"type": "string", "pattern": pattern})


def _plain(text: str) -> str:
    """Return the text with one letter for all that words are written with: to Python's patterns accents are none."""
    if text.isascii():
        return text
    from unicodedata import category  # noqa: PLC0415  few recipes need it

    return "".join("é" if category(char) in _IN_WORDS else "/" if char.isalnum() else char for char in text)


TEXT = Reader(_full, {"type": "string", "minLength": 1})
FLAG: Reader[bool] = Reader(lambda value: typed(value, bool, noun="`true` or `false`"), {"type": "boolean"})
SEED = whole(least=0, below=2**32)
