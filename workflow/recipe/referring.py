"""What ``engine:`` rules out: conversions and options that the named engine does not have, with place and way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.catalogue.options import ours
from workflow.catalogue.pairs import EDGES

if TYPE_CHECKING:
    from workflow.recipe.diagnostics import Spot
    from workflow.recipe.document import Document
    from workflow.recipe.drafting import Draft
    from workflow.recipe.model import Step

_SPELLINGS = {"quantize_auto": "auto"}
_WAY_OUT = "`engine: auto`"


def check_engine(document: Document, draft: Draft, *, step: Step) -> None:
    """Complain about a step that its engine surely cannot do; what shows only when it runs is left to the run."""
    if step.engine == "auto":
        return
    if step.fallback_format is not None:
        what = f"`engine: {step.engine}` leaves no choice between a layers and a graph model"
        document.complain(_engine_spot(document, draft), what, expected=f"{_WAY_OUT}, or another `format`")
    elif step.engine == "reference" and step.alternative is None:
        _check_reference(document, draft, step)


def _check_reference(document: Document, draft: Draft, step: Step) -> None:
    pair = (step.from_format, step.to_format)
    if not EDGES[pair].reference:
        what = f"the reference converter does not convert {pair[0]} to {pair[1]}"
        document.complain(_engine_spot(document, draft), what, expected=_WAY_OUT)
        return
    given = draft.entry.given()
    for option in ours(step.options, pair):
        name = _SPELLINGS[option.name] if _SPELLINGS.get(option.name) in given else option.name
        spot = document.key_spot((*draft.location, name))
        what = f"the reference converter has no `{name}` from {pair[0]} to {pair[1]}"
        document.complain(spot, what, expected=f"{_WAY_OUT}, or the step without it")


def _engine_spot(document: Document, draft: Draft) -> Spot:
    """Return where the engine is named: in the step, or for the whole recipe."""
    own = "engine" in draft.entry.given()
    return document.value_spot((*draft.location, "engine")) if own else document.value_spot(("engine",))
