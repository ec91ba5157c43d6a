"""From plain data to grammar entries: everything that is right by itself, findings for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from workflow.recipe import complaints, grammar

if TYPE_CHECKING:
    from workflow.recipe.document import Document, Location
    from workflow.recipe.model import Kind

STEPS = "steps"


@dataclass(frozen=True)
class DeclaredStep:
    """One step as the recipe writes it, and where that is."""

    kind: Kind
    entry: grammar.StepEntry
    location: Location


@dataclass(frozen=True)
class Declarations:
    """What the recipe declares. ``broken`` is what else stands there and was refused, as plain data."""

    recipe: grammar.RecipeEntry | None
    steps: tuple[DeclaredStep, ...]
    broken: tuple[Any, ...] = ()


def interpret(document: Document) -> Declarations:
    """Check the document against the grammar; findings go to the document."""
    try:
        return _declared(grammar.RecipeEntry.model_validate(document.data), None)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    document.findings += complaints.findings(document, errors)
    places = {complaints.location_of(error)[:2] for error in errors}
    return _remaining(document.data, places) if isinstance(document.data, dict) else Declarations(None, ())


def _remaining(data: dict[str, Any], places: set[Location]) -> Declarations:
    """Declare what is left when everything that has an error is taken out, so that it can be checked further."""
    top = {place[0] for place in places if place[0] != STEPS or len(place) == 1}
    steps = data.get(STEPS) if STEPS not in top else None
    indexed = list(enumerate(steps)) if isinstance(steps, list) else []
    good = [index for index, _ in indexed if (STEPS, index) not in places]
    broken = [step for index, step in indexed if index not in good]
    broken += [data["model"]] if "model" in top and "model" in data else []
    if not good:
        return Declarations(None, (), tuple(broken))
    rest = {key: value for key, value in data.items() if key not in top}
    entry = grammar.RecipeEntry.model_validate({**rest, STEPS: [indexed[index][1] for index in good]})
    declared = _declared(entry, good)
    return Declarations(declared.recipe, declared.steps, tuple(broken))


def _declared(entry: grammar.RecipeEntry, positions: list[int] | None) -> Declarations:
    steps: list[DeclaredStep] = []
    for place, step in zip(positions or range(len(entry.steps)), entry.steps, strict=True):
        (kind, settings), *_ = step.given().items()
        steps.append(DeclaredStep(cast("Kind", kind), settings, (STEPS, place, kind)))
    return Declarations(entry, tuple(steps))
