"""Which step makes what another one reads, in which order they run, and which paths get in each other's way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.models.sniffing import MODEL_JSON
from workflow.recipe.diagnostics import Finding
from workflow.recipe.paths import enclosing, identity, nearest_path, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from workflow.recipe.document import Document, Location
    from workflow.recipe.drafting import Draft


class Written(Record):
    """A path that a step or the model source (``by``) writes, and where the recipe says so."""

    by: str
    path: Path
    location: Location


class Read(Record):
    """A file or folder that a step (or ``verify``, or the model source) reads, and where the recipe says so.

    ``required`` is false for what may be made on the way; ``chained`` means that a step may make it.
    """

    path: Path
    location: Location
    required: bool = True
    chained: bool = False


def makers(document: Document, outputs: Sequence[Written], *, refused: Sequence[Written] = ()) -> dict[str, Written]:
    """Return who of ``outputs`` writes each place.

    Complains about places with two writers and about outputs inside outputs, also those of ``refused`` steps.
    """
    found: dict[str, Written] = {}
    for output in sorted((*outputs, *refused), key=_position):
        place = identity(output.path)
        if place in found:
            _clash(document, output, f"is the output of `{found[place].by}` already")
        else:
            found[place] = output
    for place, output in found.items():
        around = next((found[folder] for folder in enclosing(place) if folder in found), None)
        if around:
            _clash(document, output, f"lies inside `{shown(around.path, document.base)}`, the output of `{around.by}`")
    return by_place(outputs)


def by_place(outputs: Iterable[Written]) -> dict[str, Written]:
    """Return who writes each place, the first where there are several."""
    found: dict[str, Written] = {}
    for output in outputs:
        found.setdefault(identity(output.path), output)
    return found


def maker_of(path: Path, found: Mapping[str, Written]) -> Written | None:
    """Return who writes the path, which may also be the model.json in an output folder."""
    place = identity(path)
    if place in found:
        return found[place]
    return found.get(os.path.dirname(place)) if path.name == MODEL_JSON else None  # noqa: PTH120  a text


def protect(document: Document, reads: Iterable[Read], *, found: Mapping[str, Written]) -> None:
    """Complain about outputs that would replace, enclose or grow into something that the recipe reads."""
    places = {identity(read.path): read for read in reads if not (read.chained and maker_of(read.path, found))}
    enclosed = {folder: read for place, read in places.items() for folder in enclosing(place)}
    for place, output in found.items():
        around = next((places[folder] for folder in enclosing(place) if folder in places), None)
        if around:
            _clash(document, output, f"lies inside `{shown(around.path, document.base)}`, which the recipe reads")
        elif place in places:
            _clash(document, output, "is what the recipe reads")
        elif place in enclosed:
            _clash(document, output, f"encloses `{shown(enclosed[place].path, document.base)}`, which the recipe reads")


def find_missing(document: Document, reads: Iterable[Read], *, found: Mapping[str, Written]) -> None:
    """Complain about what the recipe reads and what neither exists nor is made by it.

    What was presumed of a file by its name waits until the file is there.
    """
    base = document.base
    produced = [output.path for output in found.values()]
    for read in reads:
        if not read.required or maker_of(read.path, found) is not None or os.path.lexists(read.path):
            continue
        what = f"`{shown(read.path, base)}` does not exist, and no step makes it"
        near = nearest_path(read.path, produced, base=base)
        spot = document.value_spot(read.location)
        document.findings[:] = [other for other in document.findings if not (other.presumed and other.spot == spot)]
        document.findings.append(Finding(spot, what, nearest=near, absent=True))


def dependencies(document: Document, drafts: Sequence[Draft], *, found: Mapping[str, Written]) -> dict[str, str]:
    """Return for each step the one that makes its input, if one does; complain about steps that read their output."""
    needed: dict[str, str] = {}
    for draft in drafts:
        maker = maker_of(draft.reads, found) if draft.reads else None
        if maker is None:
            continue
        if maker.by != draft.name:
            needed[draft.name] = maker.by
        elif maker.location[:-1] == draft.location:
            spot = document.value_spot((*draft.location, "output"))
            document.complain(spot, f"`{draft.entry.output}` is the step's input too", expected="another path")
    return needed


def in_order(document: Document, drafts: Sequence[Draft], *, needed: Mapping[str, str]) -> list[Draft]:
    """Return the steps so that each runs after the one that it needs, otherwise as declared.

    Steps that wait for each other, and what waits for those, are left out; one finding speaks for each such circle.
    """
    by_name = {draft.name: draft for draft in drafts}
    waiting = dict(by_name)
    ordered: list[Draft] = []
    while ready := next((draft for draft in waiting.values() if needed.get(draft.name) not in waiting), None):
        ordered.append(waiting.pop(ready.name))
    for circle in _circles(list(waiting), needed):
        path = " → ".join(f"`{name}`" for name in (*circle, circle[0]))
        spot = document.value_spot((*by_name[circle[0]].location, "input"))
        document.complain(spot, f"these steps wait for each other: {path}", expected="one of them with another input")
    return ordered


def _circles(waiting: Sequence[str], needed: Mapping[str, str]) -> list[list[str]]:
    """Return the circles among these steps, each of which waits for one other of them; written as output → input."""
    seen: set[str] = set()
    circles: list[list[str]] = []
    for start in waiting:
        trail: list[str] = []
        name = start
        while name not in seen:
            seen.add(name)
            trail.append(name)
            name = needed[name]
        if name in trail:
            circles.append(trail[trail.index(name) :][::-1])
    return circles


def _position(output: Written) -> int:
    """Return the step's number in the file; a model source comes before all steps."""
    return next((part for part in output.location if isinstance(part, int)), -1)


def _clash(document: Document, output: Written, problem: str) -> None:
    text = f"`{document.text_at(output.location)}`"
    document.complain(document.value_spot(output.location), f"{text} {problem}", expected="a place of its own")
