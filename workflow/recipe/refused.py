"""What steps, sources and settings that were refused still say for certain: where they write, which files they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.recipe import grammar
from workflow.recipe.drafting import MODEL
from workflow.recipe.interpreting import STEPS
from workflow.recipe.paths import BadPathError, absolute
from workflow.recipe.wiring import Read, Written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.recipe.document import Document, Location
    from workflow.recipe.interpreting import Declarations

_VERIFY = "verify"
_SAMPLES = ("inputs", "labels")


def written(document: Document, declarations: Declarations) -> list[Written]:
    """Return the outputs of what was refused, as far as they can be read."""
    found = []
    for location, settings in _refused(document, declarations):
        read = _read(document, (*location, "output"))
        found += [Written(str(settings.get("name") or location[-1]), read.path, read.location)] if read else []
    return found


def reads(document: Document, declarations: Declarations) -> list[Read]:
    """Return the inputs and sample files of what was refused, as far as they can be read."""
    found = []
    for location, settings in _refused(document, declarations):
        is_hub = settings.get("from") == "tf_hub" or "://" in document.text_at((*location, "input"))
        found.append(None if is_hub else _read(document, (*location, "input"), chained=True))
        found += _samples(document, (*location, _VERIFY))
    kept = declarations.recipe.given() if declarations.recipe else {}
    if _VERIFY not in kept:
        found += _samples(document, (_VERIFY,))
    return [read for read in found if read is not None]


def may_make_samples(document: Document) -> bool:
    """Tell whether the model source is a script, or may be meant as one: it may make the sample files too."""
    data = document.data
    model = data.get(MODEL) if isinstance(data, dict) else None
    return model is not None and grammar.source_kind(model) not in ("keras_application", "url")


def _refused(document: Document, declarations: Declarations) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Yield the steps, and the model source, that no declaration speaks for, with their places."""
    data = document.data if isinstance(document.data, dict) else {}
    kept = declarations.recipe.given() if declarations.recipe else {}
    if MODEL not in kept and isinstance(data.get(MODEL), dict):
        yield (MODEL,), data[MODEL]
    declared = {step.location[1] for step in declarations.steps}
    steps = data.get(STEPS)
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        if number not in declared and isinstance(step, dict):
            yield from (((STEPS, number, kind), inner) for kind, inner in step.items() if isinstance(inner, dict))


def _samples(document: Document, location: Location) -> list[Read | None]:
    required = not may_make_samples(document)
    return [_read(document, (*location, key), required=required) for key in _SAMPLES]


def _read(document: Document, location: Location, *, required: bool = True, chained: bool = False) -> Read | None:
    try:
        return Read(absolute(document.text_at(location), document.base), location, required=required, chained=chained)
    except BadPathError:
        return None
