"""From a ``verify:`` entry to the settings of a verification."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

from workflow.recipe.drafting import path_at
from workflow.recipe.model import Tolerance, Verification
from workflow.recipe.verify_grammar import switched_off

if TYPE_CHECKING:
    from workflow.recipe.document import Document, Location
    from workflow.recipe.verify_grammar import VerifyEntry


def verification_of(
    document: Document, entry: VerifyEntry, *, location: Location, base: Verification | None = None
) -> Verification:
    """Return what the entry at ``location`` says, on top of ``base``; findings go to the document."""
    base = base or Verification()
    if switched_off(functools.reduce(operator.getitem, location, document.data)):
        return base.replaced(enabled=False)
    given = entry.given()
    found = {key: _READ.get(key, _same)(value) for key, value in given.items()}
    for key in ("inputs", "labels"):
        if key in given:
            found[key] = path_at(document, (*location, key))
    if "inputs" in given and "labels" not in given:
        found["labels"] = None  # those of the recipe are for its own inputs
    chosen = base.replaced(**{**found, "enabled": True})
    if "labels" in given and chosen.inputs is None:
        spot = document.key_spot((*location, "labels"))
        document.complain(spot, "`labels` without `inputs` cannot be compared", expected="`inputs` beside them")
    unlabelled = [key for key in ("accuracy_drop", "inputs") if key in given]
    if unlabelled and chosen.accuracy_drop is not None and chosen.labels is None:
        spot = document.key_spot((*location, unlabelled[0]))
        document.complain(spot, "`accuracy_drop` without `labels` cannot be held to", expected="`labels` beside it")
    for name in chosen.require:
        if name not in chosen.runtimes:
            spot = document.key_spot((*location, "require" if "require" in given else "runtimes"))
            document.complain(spot, f"`{name}` is required and not among the runtimes", expected="it in `runtimes`")
    return chosen


def _same(value: Any) -> Any:
    return value


def _backends(entry: Any) -> dict[str, tuple[str, ...]]:
    return {runtime: tuple(names) for runtime, names in entry.given().items()}


def _outputs(entries: Any) -> dict[str, Tolerance]:
    return {name: Tolerance(**entry.given()) for name, entry in entries.items()}


_READ: dict[str, Any] = {
    "runtimes": tuple,
    "require": tuple,
    "batches": tuple,
    "image_range": tuple,
    "backends": _backends,
    "outputs": _outputs,
}
