"""The types of values in recipes, each with a reader and a JSON Schema, and mappings of declared keys likewise."""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from workflow.catalogue.options import OPTIONS
from workflow.recipe.findings import RecipeFinding, Refused, described, listed, nearest, refused, unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from workflow.recipe.document import Said
    from workflow.recipe.findings import KeyPath

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
_SIZE_PATTERN = r"^\s*[0-9]{1,15}(\.[0-9]{1,9})?\s*([kKmMgG]i?)?[bB]?\s*$"
_ITEM_PATTERN = r"^[^,]+$"

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_A_SIZE = "a whole number of bytes above zero, or a size such as `100kB`, `4MB` or `1MiB`"
_A_PATTERN = "`true`, or globs such as `dense*/kernel` (`?` stands for a blank)"
_ANSWERS = ("yes", "no", "true", "false", "on", "off", "none", "all")
_ITEM = {"type": "string", "pattern": _ITEM_PATTERN}
_ITEMS = {"type": "array", "items": _ITEM, "minItems": 1}


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


def choice(words: Collection[Any], **about: bool) -> Reader[Any]:
    """Return the reader of some words, or numbers; ``about`` is added to the schema."""
    known = list(words)

    def take(value: Any) -> Any:
        if not any(value == word and type(value) is type(word) for word in known):
            names = [str(word) for word in known]
            raise unfit(value, listed(names), near=nearest(value, names) if isinstance(value, str) else "")
        return value

    return Reader(take, {"enum": known, "type": "integer" if isinstance(known[0], int) else "string", **about})


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


def _size(value: object) -> int:
    """Return a number of bytes: a whole number, or a number with a unit of 1000 (kB) or 1024 (KiB)."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = re.fullmatch(_SIZE_PATTERN, value) if isinstance(value, str) else None
    if match is None:
        raise refused(f"{described(value)} is no size", _A_SIZE)
    count = float(match[0].strip().rstrip("kKmMgGibB")) * _UNITS[(match[2] or "").lower()]
    if count < 1 or count != int(count):
        raise refused(f"{described(value)} is no whole number of bytes above zero", _A_SIZE)
    return int(count)


def _patterns(value: object) -> list[str]:
    """Return glob patterns; ``true`` and ``*`` stand for all weights, ``false`` for none (an empty list)."""
    if isinstance(value, bool):
        return ["*"] if value else []
    return _globs(value, expected=_A_PATTERN)


def _globs(value: object, *, expected: str = "globs such as `dense*/kernel` (`?` stands for a blank)") -> list[str]:
    """Return glob patterns of weights' names; refuses sentences and answers, which only look like patterns."""
    found = _words(value, expected=expected)
    for word in found:
        if word.split() != [word] or word.lower() in _ANSWERS:
            raise refused(f"{described(word)} is no pattern of weights' names", expected)
    return found


def _words(value: object, *, expected: str = "a name without a comma, or a list of them") -> list[str]:
    """Return a list of texts without commas, from a list or from one text, where commas separate."""
    every = value.split(",") if isinstance(value, str) else value
    if not isinstance(every, list) or not every:
        raise refused(f"{described(value)} does not fit here", expected)
    for word in every:
        if not isinstance(word, str) or not word.strip():
            raise refused(f"{described(word)} does not fit here", expected)
        if "," in word:
            raise refused(f"{described(word)} has a comma, which separates names for the converter", expected)
    return [word.strip() for word in every]


def _tags(value: object) -> list[str]:
    """Return SavedModel tags; an empty list or text means: the graph without tags."""
    return [] if value in ("", []) else _words(value)


def _arguments(value: object) -> list[str]:
    """Return the arguments of a script as texts; numbers may stand without quotes."""
    if not isinstance(value, list):
        raise refused(f"{described(value)} is no list of arguments", "a list such as `[--epochs, 3]`")
    for word in value:
        if isinstance(word, bool) or not isinstance(word, (str, int, float)):
            raise refused(f"{described(word)} is no argument", "texts and numbers; put quotes around other things")
        if "\0" in str(word):
            raise refused("an argument holds a zero byte", "text")
    return [str(word) for word in value]


def _metadata(value: object) -> dict[str, str]:
    """Return names and paths of JSON files; the converter separates them with ``:`` and ``,``."""
    if not isinstance(value, dict) or not value:
        raise refused(f"{described(value)} is no metadata", "names with JSON files, such as `{labels: labels.json}`")
    for key, path in value.items():
        if not isinstance(path, str) or not path:
            raise refused(f"{described(path)} is no path", "the path of a JSON file")
        if not key or set(":,") & set(key + path):
            raise refused(f"`{key}: {path}` has a colon or comma, which the converter separates with", "other names")
    return dict(value)


TEXT = Reader(_full, {"type": "string", "minLength": 1})
FLAG: Reader[bool] = Reader(lambda value: typed(value, bool, noun="`true` or `false`"), {"type": "boolean"})
SEED = whole(least=0, below=2**32)
SIZE = Reader(_size, {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": _SIZE_PATTERN}]})
PATTERNS = Reader(_patterns, {"anyOf": [FLAG.schema, TEXT.schema, _ITEMS]})
GLOBS = Reader(_globs, {"anyOf": [TEXT.schema, _ITEMS]})
NAMES = Reader(_words, {"anyOf": [TEXT.schema, _ITEMS]})
TAGS = Reader(_tags, {"anyOf": [{"type": "string"}, {"type": "array", "items": _ITEM}]})
ARGUMENTS = Reader(_arguments, {"type": "array", "items": {"type": ["string", "number"]}})
METADATA = Reader(
    _metadata,
    {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[^:,]+$"},
        "additionalProperties": {"type": "string", "pattern": "^[^:,]+$"},
    },
)
FILES = ListOf(TEXT, least=1, one=True)


E = TypeVar("E", bound="Entry")

ABSENT: Any = None
"""The value of what need not be there; writing nothing after such a key is an error."""

_STEP_DEPTH = 3


class Key:
    """A declared key, with the reader of its value and its sentence."""

    def __init__(self, reader: Reader[Any], about: str = "", *, needed: bool = False, default: Any = ABSENT) -> None:
        self.reader = reader
        self.about = about
        self.needed = needed
        self.default = default


def needed(reader: Reader[T], about: str) -> T:
    """Declare a key that has to be there."""
    return cast("T", Key(reader, about, needed=True))  # in a class it is the key, in an entry its value


def optional(reader: Reader[T], about: str = "", *, default: Any = ABSENT) -> T:
    """Declare a key that may be left out."""
    return cast("T", Key(reader, about, default=default))  # as above


class Entry:
    """A mapping in a recipe, with the declared keys as attributes: no keys but those, and no guessing of types."""

    __slots__ = ("__dict__", "at")

    keys: ClassVar[dict[str, Key]] = {}
    """The keys, inherited ones first."""
    rules: ClassVar[Schema] = {}
    """What the JSON Schema says beyond the keys."""
    short: ClassVar[tuple[Schema, ...]] = ()
    """What may stand instead of the mapping."""

    def __init_subclass__(cls) -> None:
        own = {name: key for name, key in vars(cls).items() if isinstance(key, Key)}
        cls.keys = {**cls.keys, **own}
        for name, key in own.items():
            setattr(cls, name, key.default)

    def __init__(self, given: dict[str, Any], *, at: KeyPath) -> None:
        vars(self).update(given)
        self.at = at
        """Where the recipe has it."""

    def given(self) -> dict[str, Any]:
        """Return what the recipe says here, without what it leaves out."""
        return dict(vars(self))

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return the mapping that a value stands for; raise Refused to have nothing else said of it."""
        return value


class EntryOf(Reader[E]):
    """A mapping with the keys of an entry."""

    def __init__(self, entry: type[E]) -> None:
        reference = {"$ref": entry}
        super().__init__(entry.meant, {"anyOf": [*entry.short, reference]} if entry.short else reference)
        self.entry = entry

    def read(self, said: Said) -> E:
        """Return the entry with the keys that are right; the others, and those that are missing, become findings."""
        value = typed(self.entry.meant(said.value), dict, noun=A_MAPPING)
        keys = self.entry.keys
        strange = {name: _unknown(said, name, keys) for name in value if name not in keys}
        guesses = {finding.nearest for finding in strange.values()}
        given: dict[str, Any] = {}
        for name, key in keys.items():
            if name in value:
                given[name] = key.reader.attempt(said.inner(name, value[name]))
            elif key.needed:
                said.broken.add((*said.at, name))
                missing = RecipeFinding(said.document.key_spot(said.at), f"`{name}` is missing{said.inside()}")
                said.document.findings += [] if name in guesses else [missing]  # misspelt, it is one finding, not two
        said.broken.update((*said.at, name) for name in strange)
        said.document.findings += strange.values()
        return self.entry(given, at=said.at)


def _unknown(said: Said, name: str, keys: dict[str, Key]) -> RecipeFinding:
    spot = said.document.key_spot((*said.at, name))
    if name in OPTIONS and len(said.at) >= _STEP_DEPTH:
        return RecipeFinding(spot, f"`{name}` means nothing{said.inside()}: it applies {OPTIONS[name].where}")
    return RecipeFinding(spot, f"there is no key `{name[:60]}`{said.inside()}", listed(keys), nearest(name, keys))
