"""Records that are JSON elsewhere: read with the type of every field checked, written, and described by a JSON Schema.

Fields may be text, numbers, truth values, null, ``Literal``, tuples, mappings by name, ``Any``, other such records and
unions of these. An integer is a number, too; nothing else is taken for what it is not.
"""

from __future__ import annotations

import collections.abc
import contextlib
import math
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self

    Read = Callable[[Any], Any]

_UNIONS = (Union, types.UnionType)
_MAPPINGS = (dict, collections.abc.Mapping)
_PLAIN: dict[Any, tuple[str, str, tuple[type, ...]]] = {
    str: ("string", "text", (str,)),
    int: ("integer", "a whole number", (int,)),
    float: ("number", "a number", (int, float)),
    bool: ("boolean", "true or false", (bool,)),
    type(None): ("null", "null", (type(None),)),
}


_LARGEST = 2**63
Finite = Annotated[float, "finite"]
"""A number that is neither NaN nor infinite."""


class MalformedError(ValueError):
    """JSON that is no such record: ``place`` leads to what is wrong, ``what`` says it."""

    def __init__(self, what: str, place: tuple[str, ...] = ()) -> None:
        self.what = what
        self.place = place
        super().__init__(f"{', '.join(place)}: {what}" if place else what)

    def within(self, key: object) -> MalformedError:
        """Return the same fault, seen from around it."""
        return MalformedError(self.what, (str(key), *self.place))


class JsonRecord(Record):
    """A record whose fields are the keys of a JSON object.

    A ``lenient`` class passes over other keys and takes null for a field that has a default as that default.
    """

    lenient = False

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        """Take ``kw_only``, which tells type checkers that fields with defaults may stand before others."""
        super().__init_subclass__()

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Return the record that an object describes; raises ``MalformedError``."""
        if not isinstance(value, dict):
            raise MalformedError("it should be an object")
        readers = _readers(cls)
        found: dict[str, Any] = {}
        for key, given in value.items():
            read = readers.get(key)
            if read is None:
                if not cls.lenient:
                    raise MalformedError("there is no such key", (str(key),))
            elif given is not None or not cls.lenient or not hasattr(cls, key):
                try:
                    found[key] = read(given)
                except MalformedError as fault:
                    raise fault.within(key) from None
        for key in readers.keys() - found.keys():
            if not hasattr(cls, key):
                raise MalformedError("it is missing", (key,))
        return cls(**found)

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain JSON."""
        return {key: plain(value) for key, value in self.as_dict().items()}


def plain(value: Any) -> Any:
    """Return a value, records and tuples in it, as plain JSON."""
    if isinstance(value, JsonRecord):
        return value.as_json()
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def json_schema(kind: type[JsonRecord]) -> dict[str, Any]:
    """Return the JSON Schema of a record, with those that it holds."""
    held: dict[str, dict[str, Any]] = {}
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        if one.__name__ not in held:
            held[one.__name__] = _object_schema(one)
            waiting += _held_by(_hints(one).values())
    own = held.pop(kind.__name__)
    return {"$defs": {name: held[name] for name in sorted(held)}, **own}


def _hints(kind: type[JsonRecord]) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


_KNOWN: dict[type[JsonRecord], dict[str, Read]] = {}


def _readers(kind: type[JsonRecord]) -> dict[str, Read]:
    """Return what reads each field of a class, made once."""
    if kind not in _KNOWN:
        _KNOWN[kind] = {name: _reader(hint) for name, hint in _hints(kind).items()}
    return _KNOWN[kind]


def _reader(kind: Any) -> Read:
    """Return what reads a value of a type; raises ``TypeError`` for types that are not of JSON."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in _MAKERS:
        return _MAKERS[origin](inner)
    if kind == Finite:
        return _finite
    if origin is Annotated:
        return _reader(inner[0])
    if isinstance(kind, type) and issubclass(kind, JsonRecord):
        return kind.from_json
    return _plain_reader(kind)


def _plain_reader(kind: Any) -> Read:
    if kind is Any:
        return _same
    _, words, allowed = _PLAIN[kind]
    is_number = kind in (int, float)
    made: Any = float if kind is float else _same

    def read(value: Any) -> Any:
        if not isinstance(value, allowed) or (is_number and isinstance(value, bool)):
            raise MalformedError(f"it should be {words}")
        if isinstance(value, int) and not -_LARGEST < value < _LARGEST:
            raise MalformedError("it is too large")
        return made(value)

    return read


def _same(value: Any) -> Any:
    return value


def _finite(value: Any) -> float:
    found: float = _NUMBER(value)
    if not math.isfinite(found):
        raise MalformedError("it should be finite")
    return found


_NUMBER = _plain_reader(float)


def _one_of(allowed: tuple[Any, ...]) -> Read:
    def read(value: Any) -> Any:
        if type(value) in (str, int) and value in allowed:
            return value
        raise MalformedError(f"it should be {' or '.join(map(repr, allowed))}")

    return read


def _either(kinds: tuple[Any, ...]) -> Read:
    readers = [_reader(kind) for kind in kinds if kind is not type(None)]
    may_lack = type(None) in kinds

    def read(value: Any) -> Any:
        if value is None and may_lack:
            return None
        for attempt in readers[:-1]:
            with contextlib.suppress(MalformedError):
                return attempt(value)
        return readers[-1](value)

    return read


def _listed(kinds: tuple[Any, ...]) -> Read:
    read = _reader(kinds[0])

    def every(value: Any) -> Any:
        if not isinstance(value, list):
            raise MalformedError("it should be a list")
        return tuple(_read_all(read, enumerate(value)))

    return every


def _read_all(read: Read, values: Iterable[tuple[object, Any]]) -> list[Any]:
    """Return what is read of values with the keys under which they stand."""
    found: list[Any] = []
    at: object = None
    try:
        for key, value in values:
            at = key
            found.append(read(value))
    except MalformedError as fault:
        raise fault.within(at) from None
    return found


def _mapped(kinds: tuple[Any, ...]) -> Read:
    read = _reader(kinds[1])

    def every(value: Any) -> Any:
        if not isinstance(value, dict):
            raise MalformedError("it should be an object")
        return dict(zip(value, _read_all(read, value.items()), strict=True))

    return every


_MAKERS: dict[Any, Callable[[tuple[Any, ...]], Read]] = {
    Literal: _one_of,
    **dict.fromkeys(_UNIONS, _either),
    tuple: _listed,
    **dict.fromkeys(_MAPPINGS, _mapped),
}
"""What makes the reader of a type that has others inside."""


def _held_by(kinds: Iterable[Any]) -> list[type[JsonRecord]]:
    """Return the records among types, and inside them."""
    found: list[type[JsonRecord]] = []
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, JsonRecord):
            found.append(kind)
        else:
            found += _held_by(get_args(kind)) if get_origin(kind) is not Literal else []
    return found


def _object_schema(kind: type[JsonRecord]) -> dict[str, Any]:
    import inspect  # noqa: PLC0415  5 ms that only schemas take

    hints = _hints(kind)
    required = [name for name in hints if not hasattr(kind, name)]
    return {
        "additionalProperties": kind.lenient,
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "properties": {name: _field_schema(kind, name, hint) for name, hint in hints.items()},
        **({"required": required} if required else {}),
        "title": kind.__name__,
        "type": "object",
    }


def _field_schema(kind: type[JsonRecord], name: str, hint: Any) -> dict[str, Any]:
    said = ""
    if get_origin(hint) is Annotated and hint != Finite:
        hint, said = get_args(hint)[:2]
    found = _schema(hint)
    found |= {"default": plain(getattr(kind, name))} if hasattr(kind, name) else {}
    found |= {"description": said} if said else {}
    if not _held_by([hint]) or get_origin(hint) not in (None, *_UNIONS):
        found["title"] = name.replace("_", " ").title()
    return {key: found[key] for key in sorted(found)}


def _schema(kind: Any) -> dict[str, Any]:
    """Return the schema of a type; raises ``TypeError`` for types that are not of JSON."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        found = _schema(inner[0])
    elif origin is Literal:
        found = {"const": inner[0]} if len(inner) == 1 else {"enum": list(inner)}
        found["type"] = _PLAIN[type(inner[0])][0]
    elif origin in _UNIONS:
        found = {"anyOf": [_schema(one) for one in inner]}
    elif origin is tuple:
        found = {"items": _schema(inner[0]), "type": "array"}
    elif origin in _MAPPINGS:
        found = {"additionalProperties": _schema(inner[1]) or True, "type": "object"}
    elif isinstance(kind, type) and issubclass(kind, JsonRecord):
        found = {"$ref": f"#/$defs/{kind.__name__}"}
    else:
        found = {} if kind is Any else {"type": _PLAIN[kind][0]}
    return found
