"""Steps on their way from what a recipe writes to what is resolved: each with its name and its paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.recipe.model_source import MODEL
from workflow.recipe.paths import BadPathError, InputPath, OutputPath, absolute, output_at, path_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workflow.catalogue.kinds import Kind
    from workflow.recipe.document import Document
    from workflow.recipe.findings import KeyPath
    from workflow.recipe.grammar import StepEntry

_HUB = "tf_hub"


class StepBuilder(Record):
    """A step of which the name and the paths are known, and by and by the rest; findings go to the document."""

    document: Document
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


def begun(document: Document, entries: Sequence[StepEntry]) -> list[StepBuilder]:
    """Return the steps whose paths are right, in declared order, each with a name of its own."""
    names = _names(document, entries)
    found = [_begun(document, entry, name) for entry, name in zip(entries, names, strict=True)]
    return [step for step in found if step is not None]


def _begun(document: Document, entry: StepEntry, name: str) -> StepBuilder | None:
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


def _names(document: Document, entries: Sequence[StepEntry]) -> list[str]:
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
