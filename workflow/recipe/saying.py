"""What a recipe says at one place, and the refusal of it, which becomes a finding at that place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.wording import scrubbed
from workflow.recipe.diagnostics import Finding

if TYPE_CHECKING:
    from workflow.recipe.document import Document, Location


class Refused(Exception):  # noqa: N818  a verdict on a value, not a failure of the program
    """A value cannot be taken. ``what`` goes on after the name of the place, or stands ``alone``.

    The finding points at the value, or at the key that is ``at`` some place in it; ``()`` is the value's own key.
    """

    def __init__(
        self, what: str, expected: str = "", *, near: str = "", at: Location | None = None, alone: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.near = near
        self.at = at
        self.alone = alone


def refused(what: str, expected: str = "", *, near: str = "", at: Location | None = None) -> Refused:
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


class Said:
    """A value as the document says it, and where; ``broken`` collects the places of the whole recipe's findings."""

    __slots__ = ("broken", "document", "location", "value")

    def __init__(self, document: Document, value: Any, *, location: Location = (), broken: set[Location]) -> None:
        self.document = document
        self.value = value
        self.location = location
        self.broken = broken

    def inner(self, key: str | int, value: Any) -> Said:
        """Return a value that stands inside this one."""
        return Said(self.document, value, location=(*self.location, key), broken=self.broken)

    def complain(self, refusal: Refused) -> None:
        """Note why the value is refused."""
        if refusal.at is None:
            spot = self.document.value_spot(self.location)
        else:
            spot = self.document.key_spot((*self.location, *refusal.at))
        what = refusal.what if refusal.alone else f"{self._subject()}{refusal.what}"
        self.broken.add(self.location)
        self.document.findings.append(Finding(spot, what, refusal.expected, refusal.near))

    def inside(self) -> str:
        """Return in which mapping this one's keys are, as a sentence adds it."""
        owner = next((part for part in reversed(self.location) if isinstance(part, str)), None)
        return f" in `{owner}`" if owner else ""

    def _subject(self) -> str:
        """Return what the sentence is about: the innermost key, and whether it is an entry of it."""
        keys = [part for part in self.location if isinstance(part, str)]
        if not keys:
            return "a recipe"
        if keys == ["steps"] and len(self.location) > 1:
            return "a step"
        return f"an entry of `{keys[-1]}`" if isinstance(self.location[-1], int) else f"`{keys[-1]}`"
