"""Plain values with named fields, like frozen dataclasses, that cost next to nothing to define.

A frozen dataclass takes half a millisecond to define, for its methods are generated and compiled each time; the
modules that a run of the tool loads define more than a hundred. The methods of a record are those of ``Record``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> Any:
        """Do nothing: it speaks to type checkers, and Python has it since 3.11."""
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Record:
    """Base of classes whose annotated attributes are the fields of their instances, which never change.

    A field is given by its place or by its name; one with a value in the class may be left out. Records are equal
    when they are of one class and all fields are equal.
    """

    if not TYPE_CHECKING:  # else these, too, would be taken for fields
        _fields = ()
        _least = 0  # the number of fields up to the last that has to be given

        def __init_subclass__(cls, **named: Any) -> None:
            """Note the fields, those of the class above first."""
            super().__init_subclass__(**named)
            own = (name for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar"))
            cls._fields = tuple(dict.fromkeys((*cls._fields, *own)))
            needed = [place for place, name in enumerate(cls._fields, 1) if not hasattr(cls, name)]
            cls._least = needed[-1] if needed else 0

        def __init__(self, *values: Any, **named: Any) -> None:
            """Take the fields; raises ``TypeError`` for too many, too few, and unknown ones."""
            own = self.__dict__
            for name, value in zip(self._fields, values):  # noqa: B905  strict would ask for all of them
                own[name] = value
            if named or not self._least <= len(values) <= len(self._fields):
                self._complete(len(values), named)

        def _complete(self, given: int, named: dict[str, Any]) -> None:
            fields = self._fields
            strange = [name for name in named if name not in fields[given:]]
            if strange or given > len(fields):
                raise TypeError(f"{type(self).__name__} has the fields {fields}; {given} and {strange} are too many")
            self.__dict__.update(named)
            missing = [name for name in fields[given:] if not hasattr(self, name)]
            if missing:
                raise TypeError(f"{type(self).__name__} has the fields {fields}; {missing} are missing")

        def _values(self) -> tuple[Any, ...]:
            return tuple([getattr(self, name) for name in self._fields])

    def replaced(self, **changes: Any) -> Self:
        """Return a record that differs in these fields alone; raises ``TypeError`` for fields that there are not."""
        return type(self)(**{**self.as_dict(), **changes})

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name; records among them stay records."""
        return {name: getattr(self, name) for name in self._fields}  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        """Whether the other is of the same class, with equal fields."""
        if type(other) is not type(self):
            return NotImplemented
        return bool(self._values() == other._values())  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        """Return a number that is the same for equal records; raises ``TypeError`` when a field has none."""
        return hash(self._values())  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        """Return the class with its fields, as code would write it."""
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)  # type: ignore[attr-defined]
        return f"{type(self).__qualname__}({fields})"

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: records do not change."""
        raise AttributeError(f"{type(self).__name__} does not change: {name} stays what it is")

    def __delattr__(self, name: str) -> None:
        """Refuse: records do not change."""
        raise AttributeError(f"{type(self).__name__} does not change: {name} stays")
