"""What every part of the grammar is built of: mappings whose keys are declared, each with its reader and meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from workflow.catalogue.options import OPTIONS
from workflow.recipe.findings import Finding, listed, nearest
from workflow.recipe.value_types import A_MAPPING, Reader, typed

if TYPE_CHECKING:
    from workflow.recipe.document import Said
    from workflow.recipe.findings import KeyPath
    from workflow.recipe.value_types import Schema

T = TypeVar("T")
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
                missing = Finding(said.document.key_spot(said.at), f"`{name}` is missing{said.inside()}")
                said.document.findings += [] if name in guesses else [missing]  # misspelt, it is one finding, not two
        said.broken.update((*said.at, name) for name in strange)
        said.document.findings += strange.values()
        return self.entry(given, at=said.at)


def _unknown(said: Said, name: str, keys: dict[str, Key]) -> Finding:
    spot = said.document.key_spot((*said.at, name))
    if name in OPTIONS and len(said.at) >= _STEP_DEPTH:
        return Finding(spot, f"`{name}` means nothing{said.inside()}: it applies {OPTIONS[name].where}")
    return Finding(spot, f"there is no key `{name[:60]}`{said.inside()}", listed(keys), nearest(name, keys))
