"""From plain data to grammar entries: everything that is right by itself, findings for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from workflow.base.records import Record
from workflow.recipe.entries import EntryOf
from workflow.recipe.grammar import RecipeEntry
from workflow.recipe.saying import Said

if TYPE_CHECKING:
    from workflow.catalogue.kinds import Kind
    from workflow.recipe.document import Document, Location
    from workflow.recipe.grammar import StepEntry

STEPS = "steps"


class DeclaredStep(Record):
    """One step as the recipe writes it, and where that is."""

    kind: Kind
    entry: StepEntry
    location: Location


class Declarations(Record):
    """What the recipe declares. ``broken`` is what else stands there and was refused, as plain data."""

    recipe: RecipeEntry | None
    steps: tuple[DeclaredStep, ...]
    broken: tuple[Any, ...] = ()


def interpret(document: Document) -> Declarations:
    """Check the document against the grammar; findings go to the document.

    Everything that has an error is taken out of what is declared, so that the rest can be checked further.
    """
    said = Said(document, document.data, broken=set())
    entry = EntryOf(RecipeEntry).attempt(said)
    if entry is None:
        return Declarations(None, ())
    given = entry.given()
    wrong = {place[0] for place in said.broken if place[0] != STEPS or len(place) == 1}
    wrong_steps = {place[1] for place in said.broken if place[0] == STEPS and len(place) > 1}
    every = list(enumerate(given[STEPS])) if STEPS not in wrong else []
    good = [(place, step) for place, step in every if place not in wrong_steps]
    broken = [document.data[STEPS][place] for place, _ in every if place in wrong_steps]
    broken += [document.data["model"]] if "model" in wrong else []
    kept = {key: value for key, value in given.items() if key not in wrong}
    declared = RecipeEntry({**kept, STEPS: [step for _, step in good]}) if good else None
    return Declarations(declared, tuple(_declared(place, step) for place, step in good), tuple(broken))


def _declared(place: int, step: Any) -> DeclaredStep:
    ((kind, settings),) = step.given().items()
    return DeclaredStep(cast("Kind", kind), settings, (STEPS, place, kind))
