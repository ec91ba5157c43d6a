"""The JSON of models: read strictly, once while its file stays the same, and its fields with words for their places."""

from __future__ import annotations

import copy
import json
import math
from typing import TYPE_CHECKING, Any, TypeVar

from workflow.base.errors import ModelFileError
from workflow.base.wording import kind_of, plural, shown
from workflow.models.file_contents import Kept, recognise, require_file, settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import NoReturn

Made = TypeVar("Made")

_AGAIN = "Write or fetch the file again; it is one JSON object in UTF-8."
_NAN_HINT = (
    "A weight that holds NaN or infinity does this when it is quantized: look for it in the source model, "
    "or leave that weight out of the quantization."
)


_DEEPEST = 100  # levels; the deepest models have some 30
_MUCH = 16 << 20  # bytes of text from which on its cost is reckoned
_MOST_MEMORY = 3 << 29
_BYTES_PER_BRANCH, _BYTES_PER_VALUE = 72, 40  # what Python takes for an object or a list, and for what is in one


_BRANCHES = (dict, list)
_LARGEST_KEPT = 32 << 20  # bytes of a text whose values are kept: they take many times as much


class JsonDocument(dict[str, Any]):
    """A JSON object as it stands in a file. Nobody changes it, so that what is made of it is made once."""

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__(value)
        self._made: dict[str, Any] = {}

    def once(self, what: str, make: Callable[[], Made]) -> Made:
        """Return what is made of the document under a name; what ``make`` raises is raised each time."""
        if what not in self._made:
            self._made[what] = make()
        made: Made = self._made[what]
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return copy.deepcopy(dict(self), memo)  # which may be changed


_KEPT: Kept[JsonDocument] = Kept(2)
"""The model that a step reads, and the one that it has made."""


class _NotANumberError(Exception):
    """The text holds NaN or Infinity, which Python reads and no browser does."""


def read_object(path: Path, wanted: str) -> JsonDocument:
    """Return the JSON object in a file; ``wanted`` reads like "a layers model"; raises ``ModelFileError``.

    It is read once for as long as the file stays the same.
    """
    try:
        require_file(path, wanted)
        status = path.stat()
        key = settled(status)
        found = _KEPT.find(key)
        if found is not None:
            return found
        content = recognise(path)
        if content.name != "json":
            raise ModelFileError(f"{path} is not {wanted}: {content.phrase}, not JSON", hint=content.hint)
        text = _text(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelFileError(f"{shown(str(path))} cannot be read: {reason}", hint="Check who may read it.") from error
    value = _parsed(text, path)
    require_shallow(value, str(path))
    if not isinstance(value, dict):
        hint = "A weights_manifest.json of TensorFlow.js before 1.0 is only half of a model." if value else _AGAIN
        raise ModelFileError(f"{path} is not {wanted}: it holds {kind_of(value)}, not an object", hint=hint)
    document = JsonDocument(value)
    if status.st_size <= _LARGEST_KEPT:
        _KEPT.keep(key, document)
    return document


def require_shallow(value: object, where: str, *, hint: str = _AGAIN) -> None:
    """Raise ``ModelFileError`` for a JSON value that is nested more deeply than any model, which nobody can walk."""
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in level:
            held = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            inner += [each for each in held if type(each) in _BRANCHES]
        if not inner:
            return
        level = inner
    raise ModelFileError(f"{where} is nested too deeply for a model", hint=hint)


def _require_affordable(raw: bytes, path: Path) -> None:
    """Raise ``ModelFileError`` for text that would take far more memory as values than any model's description does."""
    if len(raw) < _MUCH:
        return
    branches = raw.count(b"{") + raw.count(b"[")
    needed = len(raw) + branches * _BYTES_PER_BRANCH + raw.count(b",") * _BYTES_PER_VALUE
    if needed > _MOST_MEMORY:
        raise ModelFileError(f"{path} would take {needed / 2**30:.1f} GiB to read: it is no model's", hint=_AGAIN)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    _require_affordable(raw, path)
    if raw.startswith(b"\xef\xbb\xbf"):
        raise ModelFileError(f"{path} begins with a byte order mark, which JSON forbids", hint="Save it without one.")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        message = f"{path} is not JSON in UTF-8: byte {raw[error.start]:#04x} at offset {error.start:,}"
        raise ModelFileError(message, hint=_AGAIN) from error


def _parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except _NotANumberError as error:
        raise ModelFileError(f"{path} holds {error}, which is no JSON: browsers refuse it", hint=_NAN_HINT) from error
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            raise ModelFileError(f"{path} is cut short: its JSON ends too early", hint=_AGAIN) from error
        where = f"line {error.lineno}, column {error.colno}"
        raise ModelFileError(f"{path} is not JSON: {error.msg.removesuffix(' at')} at {where}", hint=_AGAIN) from error
    except RecursionError as error:
        raise ModelFileError(f"{path} is nested too deeply for a model", hint=_AGAIN) from error
    except ValueError as error:  # Python's limit on the digits of an integer
        raise ModelFileError(f"{path} holds a number too long for a model", hint=_AGAIN) from error


def _refuse(literal: str) -> NoReturn:
    raise _NotANumberError(literal)


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
