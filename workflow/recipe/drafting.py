"""Steps with names and absolute paths, before their formats are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.recipe.paths import BadPathError, absolute, enclosing, identity, longest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workflow.catalogue.kinds import Kind
    from workflow.recipe.document import Document, Location
    from workflow.recipe.grammar import StepEntry
    from workflow.recipe.interpreting import DeclaredStep

MODEL = "model"
"""The name of the model source among the steps."""

_HUB = "tf_hub"
_LONGEST_OUTPUT = 200  # bytes: what stands beside an output while it is made, and its record, have longer names


class Draft(Record):
    """A step with its name and paths; ``reads`` is None when the input is a TensorFlow Hub handle."""

    name: str
    kind: Kind
    entry: StepEntry
    location: Location
    input: str
    reads: Path | None
    output: Path


def path_at(document: Document, location: Location) -> Path | None:
    """Return the absolute path that stands at the location; None, with a finding, when it cannot be one."""
    try:
        return absolute(document.text_at(location), document.base)
    except BadPathError as error:
        key = next(part for part in reversed(location) if isinstance(part, str))
        document.complain(document.value_spot(location), f"`{key}`: {error}", expected="a path")
        return None


def output_at(document: Document, location: Location) -> Path | None:
    """Return the path to write to; None, with a finding, when writing there would replace what is not an output."""
    path = path_at(document, location)
    if path is None:
        return None
    if longest_name(path.name) > _LONGEST_OUTPUT:
        problem = f"`{path.name[:60]}...` is too long for an output, beside which its record is kept"
        expected = f"a name of at most {_LONGEST_OUTPUT} bytes"
        document.complain(document.value_spot(location), problem, expected=expected)
        return None
    place = identity(path)
    protected = {identity(document.base): "the recipe's base folder", identity(document.path): "the recipe itself"}
    for inside, what in protected.items():
        if place == inside or place in enclosing(inside):
            problem = f"`{document.text_at(location)}` {'is' if place == inside else 'holds'} {what}"
            document.complain(document.value_spot(location), problem, expected="a path of the output's own")
            return None
    return path


def draft_steps(document: Document, steps: Sequence[DeclaredStep]) -> list[Draft]:
    """Return the steps whose paths are right, in declared order, each with a name of its own."""
    names = _names(document, steps)
    drafts = [_draft(document, step, name) for step, name in zip(steps, names, strict=True)]
    return [draft for draft in drafts if draft is not None]


def promised(document: Document, broken: Sequence[Any]) -> set[str] | None:
    """Return the places that refused steps would write to; None when one of them does not say."""
    try:
        return {identity(absolute(_output_text(declared), document.base)) for declared in broken}
    except BadPathError:
        return None


def _draft(document: Document, step: DeclaredStep, name: str) -> Draft | None:
    entry = step.entry
    output = output_at(document, (*step.location, "output"))
    handle = _is_handle(step, document.base)
    reads = None if handle else path_at(document, (*step.location, "input"))
    if output is None or (reads is None and not handle):
        return None
    return Draft(name, step.kind, entry, step.location, entry.input if handle else str(reads), reads, output)


def _is_handle(step: DeclaredStep, base: Path) -> bool:
    """Tell whether the input is a Hub handle: a URL, or with ``from: tf_hub`` what is no path that exists."""
    text = step.entry.input
    if "://" in text:
        return True
    if step.entry.given().get("source") != _HUB:
        return False
    try:
        return not absolute(text, base).exists()
    except (BadPathError, OSError):
        return False


def _names(document: Document, steps: Sequence[DeclaredStep]) -> list[str]:
    """Return each step's own name or else its kind, numbered from the second on; complain about names used twice."""
    taken: dict[str, int] = {}
    for step in steps:
        name = step.entry.given().get("name")
        spot = document.value_spot((*step.location, "name"))
        if name == MODEL:
            document.complain(
                spot, f"a step cannot be called `{MODEL}`: that is the model source", expected="another name"
            )
        elif name in taken:
            document.complain(spot, f"the step in line {taken[name]} is called `{name}` too", expected="another name")
        elif name is not None:
            taken[name] = spot.line
    used = set(taken)
    chosen: list[str] = []
    for step in steps:
        own = step.entry.given().get("name")
        fallback = (name for name in _numbered(step.kind) if name not in used)
        chosen.append(own if own and own not in chosen else next(fallback))
        used.add(chosen[-1])
    return chosen


def _numbered(kind: str) -> Iterator[str]:
    yield kind
    count = 2
    while True:
        yield f"{kind}-{count}"
        count += 1


def _output_text(broken: Any) -> str:
    """Return the output that a refused step or model source declares; empty when it declares none."""
    if isinstance(broken, dict) and isinstance(broken.get("output"), str):
        return str(broken["output"])
    inner = next(iter(broken.values()), None) if isinstance(broken, dict) else None
    return _output_text(inner) if isinstance(inner, dict) else ""
