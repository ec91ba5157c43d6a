"""What sources answer in Python, remembered for as long as a run lasts: most steps of a recipe read the same source."""

from __future__ import annotations

import json
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import VerificationError
from workflow.base.records import Record
from workflow.base.scratch import Scratch
from workflow.verification import asking
from workflow.verification.exchange import NONSENSE
from workflow.verification.requests import NotRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.recipe.recipes import Verification
    from workflow.verification.asking import Feed, Places
    from workflow.verification.requests import Subject


class SourceAnswer(Record):
    """What the source answered in Python: the feeds with its answers, and the job's own facts."""

    feeds: tuple[Feed, ...]
    facts: Mapping[str, Any]

    @property
    def labels(self) -> Sequence[int] | None:
        """The class of each sample, where a file tells."""
        found: Sequence[int] | None = self.facts.get("labels")
        return found


class SourceAnswers:
    """The answers of sources, each computed once; files that changed since make it another source. Close it."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._removal: weakref.finalize[..., Any] | None = None
        self._known: dict[str, SourceAnswer] = {}

    def of(self, source: Subject, settings: Verification, *, places: Places) -> SourceAnswer | NotRun:
        """Run a source in Python on its samples, unless that was done before; raises as ``ask_source``."""
        key = _key(source, settings)
        if key not in self._known:
            folder = Path(tempfile.mkdtemp(dir=self._place()))
            found = ask_source(source, settings, places=places, folder=folder)
            if isinstance(found, NotRun):  # what was missing may be there at the next step
                return found
            self._known[key] = found
        return self._known[key]

    def close(self) -> None:
        """Forget everything and remove its files; what is asked for later is computed anew."""
        if self._removal is not None:
            self._removal()
        self._folder, self._removal, self._known = None, None, {}

    def _place(self) -> Path:
        """Return the folder of the answers, which is removed at the end of the process at the latest."""
        if self._folder is None:
            made = Scratch("references")
            self._folder, self._removal = made.path, weakref.finalize(self, made.close)
        return self._folder


def _key(source: Subject, settings: Verification) -> str:
    """Return everything that the answers follow from."""
    drawn = (settings.image_range, settings.samples, settings.batches, settings.seed)
    given = [_files(path) for path in (settings.inputs, settings.labels)]
    model: list[Any] = [source.format, dict(source.options), _files(source.path)]
    return json.dumps([model, given, drawn], default=str, sort_keys=True)


def _files(path: Path | None) -> list[Any] | None:
    """Return a path with size and time of every file there."""
    if path is None:
        return None
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    known = [(str(one), one.stat()) for one in found if one.is_file()]
    return [str(path), *((name, facts.st_size, facts.st_mtime_ns) for name, facts in known)]


def ask_source(source: Subject, settings: Verification, *, places: Places, folder: Path) -> SourceAnswer | NotRun:
    """Run the source in Python on samples; raises a ``WorkflowError`` when the samples do not fit it."""
    job = {
        "model": asking.model_argument(source),
        "inputs": None if settings.inputs is None else str(settings.inputs),
        "labels": None if settings.labels is None else str(settings.labels),
        "image_range": None if settings.image_range is None else list(settings.image_range),
        "samples": settings.samples,
        "batches": list(settings.batches),
        "seed": settings.seed,
        "folder": str(folder),
    }
    answer = places.job("reference", job)
    if answer.get("not_run"):
        return NotRun(f"the source cannot be run in Python: {answer['not_run']}", "give a source that Python runs")
    return SourceAnswer(_feeds(answer, folder), answer)


def _feeds(answer: Mapping[str, Any], folder: Path) -> tuple[asking.Feed, ...]:
    """Return the feeds that a job tells of; raises ``VerificationError`` where they are not below its folder."""
    try:
        feeds = tuple(asking.Feed(Path(f["inputs"]), Path(f["outputs"]), int(f["samples"])) for f in answer["feeds"])
    except (KeyError, TypeError, ValueError) as problem:
        raise VerificationError(f"the job `reference` answers nonsense: {problem!r}", hint=NONSENSE) from None
    if any(
        ".." in path.parts or not path.is_relative_to(folder) for feed in feeds for path in (feed.inputs, feed.outputs)
    ):
        raise VerificationError("the job `reference` names files that are not its own", hint=NONSENSE)
    return feeds
