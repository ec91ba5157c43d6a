"""Steps from what a recipe writes to what is resolved: names, paths, who makes what another one reads, their order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.models.sniffing import MODEL_JSON
from workflow.recipe.findings import RecipeFinding
from workflow.recipe.model_source import MODEL
from workflow.recipe.paths import (
    BadPathError,
    InputPath,
    OutputPath,
    absolute,
    enclosing,
    nearest_path,
    output_at,
    path_at,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from workflow.catalogue.kinds import Kind
    from workflow.recipe.document import RecipeDocument
    from workflow.recipe.findings import KeyPath
    from workflow.recipe.grammar import StepEntry

_HUB = "tf_hub"


class StepBuilder(Record):
    """A step of which the name and the paths are known, and by and by the rest; findings go to the document."""

    document: RecipeDocument
    entry: StepEntry
    given: dict[str, Any]
    name: str
    input_path: InputPath | None
    output_path: OutputPath

    @property
    def reads(self) -> Path | None:
        """The file or folder to read; None when the input is a TensorFlow Hub handle."""
        return self.input_path.path if self.input_path else None

    @property
    def output(self) -> Path:
        """The file or folder to write."""
        return self.output_path.path

    @property
    def kind(self) -> Kind:
        """What kind of step it is."""
        return self.entry.kind

    def at(self, *path: str | int) -> KeyPath:
        """Return where the step stands in the recipe, or something inside it."""
        return (*self.entry.at, *path)

    def blame_value(self, key: str, what: str, *, expected: str = "", near: str = "") -> None:
        """Note that something is wrong with the value of a key."""
        self.document.blame_value(self.at(key), what, expected=expected, near=near)

    def blame_key(self, key: str, what: str, *, expected: str = "") -> None:
        """Note that something is wrong with a key, or with its being there."""
        self.document.blame_key(self.at(key), what, expected=expected)

    def blame(self, what: str, *, expected: str = "") -> None:
        """Note that something is wrong with the step as a whole."""
        self.document.blame_key(self.at(), what, expected=expected)


def begun(document: RecipeDocument, entries: Sequence[StepEntry]) -> list[StepBuilder]:
    """Return the steps whose paths are right, in declared order, each with a name of its own."""
    names = _names(document, entries)
    found = [_begun(document, entry, name) for entry, name in zip(entries, names, strict=True)]
    return [step for step in found if step is not None]


def _begun(document: RecipeDocument, entry: StepEntry, name: str) -> StepBuilder | None:
    given = entry.given()
    to_write, to_read = (*entry.at, "output"), (*entry.at, "input")
    output = output_at(document, to_write)
    handle = _is_handle(entry.input, source=given.get("from"), base=document.base)
    reads = None if handle else path_at(document, to_read)
    if output is None or (reads is None and not handle):
        return None
    input_path = InputPath(reads, to_read, chained=True) if reads else None
    return StepBuilder(document, entry, given, name, input_path, OutputPath(name, output, to_write))


def _is_handle(text: str, *, source: str | None, base: Path) -> bool:
    """Tell whether the input is a Hub handle: a URL, or with ``from: tf_hub`` what is no path that exists."""
    if "://" in text:
        return True
    if source != _HUB:
        return False
    try:
        return not absolute(text, base).exists()
    except (BadPathError, OSError):
        return False


def _names(document: RecipeDocument, entries: Sequence[StepEntry]) -> list[str]:
    """Return each step's own name or else its kind, numbered from the second on; complain about names used twice."""
    taken: dict[str, int] = {}
    for entry in entries:
        name, at = entry.name, (*entry.at, "name")
        if name == MODEL:
            what = f"a step cannot be called `{MODEL}`: that is the model source"
            document.blame_value(at, what, expected="another name")
        elif name in taken:
            what = f"the step in line {taken[name]} is called `{name}` too"
            document.blame_value(at, what, expected="another name")
        elif name is not None:
            taken[name] = document.value_spot(at).line
    spare = {entry.kind: (name for name in _numbered(entry.kind) if name not in taken) for entry in entries}
    chosen: dict[str, StepEntry] = {}
    for entry in entries:
        own = entry.name
        chosen[own if own and own not in chosen else next(spare[entry.kind])] = entry
    return list(chosen)


def _numbered(kind: str) -> Iterator[str]:
    yield kind
    count = 2
    while True:
        yield f"{kind}-{count}"
        count += 1


def makers(
    document: RecipeDocument, outputs: Sequence[OutputPath], *, refused: Sequence[OutputPath] = ()
) -> dict[str, OutputPath]:
    """Return who of ``outputs`` writes each place.

    Complains about places with two writers and about outputs inside outputs, also those of ``refused`` steps.
    """
    found: dict[str, OutputPath] = {}
    for output in sorted((*outputs, *refused), key=_position):
        if output.place in found:
            _clash(document, output, f"is the output of `{found[output.place].by}` already")
        else:
            found[output.place] = output
    for place, output in found.items():
        around = next((found[folder] for folder in enclosing(place) if folder in found), None)
        if around:
            _clash(document, output, f"lies inside `{shown(around.path, document.base)}`, the output of `{around.by}`")
    return by_place(outputs)


def by_place(outputs: Iterable[OutputPath]) -> dict[str, OutputPath]:
    """Return who writes each place, the first where there are several."""
    found: dict[str, OutputPath] = {}
    for output in outputs:
        found.setdefault(output.place, output)
    return found


def maker_of(read: InputPath, found: Mapping[str, OutputPath]) -> OutputPath | None:
    """Return who writes what is read, which may also be the model.json in an output folder."""
    if read.place in found:
        return found[read.place]
    return found.get(os.path.dirname(read.place)) if read.path.name == MODEL_JSON else None  # noqa: PTH120  a text


def protect(document: RecipeDocument, reads: Iterable[InputPath], *, found: Mapping[str, OutputPath]) -> None:
    """Complain about outputs that would replace, enclose or grow into something that the recipe reads."""
    places = {read.place: read for read in reads if not (read.chained and maker_of(read, found))}
    enclosed = {folder: read for place, read in places.items() for folder in enclosing(place)}
    for place, output in found.items():
        around = next((places[folder] for folder in enclosing(place) if folder in places), None)
        if around:
            _clash(document, output, f"lies inside `{shown(around.path, document.base)}`, which the recipe reads")
        elif place in places:
            _clash(document, output, "is what the recipe reads")
        elif place in enclosed:
            _clash(document, output, f"encloses `{shown(enclosed[place].path, document.base)}`, which the recipe reads")


def find_missing(document: RecipeDocument, reads: Iterable[InputPath], *, found: Mapping[str, OutputPath]) -> None:
    """Complain about what the recipe reads and what neither exists nor is made by it.

    What was presumed of a file by its name waits until the file is there.
    """
    base = document.base
    produced = [output.path for output in found.values()]
    for read in reads:
        if not read.required or maker_of(read, found) is not None or os.path.lexists(read.path):
            continue
        what = f"`{shown(read.path, base)}` does not exist, and no step makes it"
        near = nearest_path(read.path, produced, base=base)
        spot = document.value_spot(read.at)
        document.findings[:] = [other for other in document.findings if not (other.presumed and other.spot == spot)]
        document.findings.append(RecipeFinding(spot, what, nearest=near, absent=True))


def dependencies(steps: Sequence[StepBuilder], *, found: Mapping[str, OutputPath]) -> dict[str, str]:
    """Return for each step the one that makes its input, if one does; complain about steps that read their output."""
    needed: dict[str, str] = {}
    for step in steps:
        maker = maker_of(step.input_path, found) if step.input_path else None
        if maker is None:
            continue
        if maker.by != step.name:
            needed[step.name] = maker.by
        elif maker.at[:-1] == step.entry.at:
            step.blame_value("output", f"`{step.entry.output}` is the step's input too", expected="another path")
    return needed


def in_order(steps: Sequence[StepBuilder], *, needed: Mapping[str, str]) -> list[StepBuilder]:
    """Return the steps so that each runs after the one that it needs, otherwise as declared.

    Steps that wait for each other, and what waits for those, are left out; one finding speaks for each such circle.
    """
    by_name = {step.name: step for step in steps}
    waiting = dict(by_name)
    ordered: list[StepBuilder] = []
    while ready := next((step for step in waiting.values() if needed.get(step.name) not in waiting), None):
        ordered.append(waiting.pop(ready.name))
    for circle in _circles(list(waiting), needed):
        path = " → ".join(f"`{name}`" for name in (*circle, circle[0]))
        what = f"these steps wait for each other: {path}"
        by_name[circle[0]].blame_value("input", what, expected="one of them with another input")
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


def _position(output: OutputPath) -> int:
    """Return the step's number in the file; a model source comes before all steps."""
    return next((part for part in output.at if isinstance(part, int)), -1)


def _clash(document: RecipeDocument, output: OutputPath, problem: str) -> None:
    text = f"`{document.text_at(output.at)}`"
    document.blame_value(output.at, f"{text} {problem}", expected="a place of its own")
