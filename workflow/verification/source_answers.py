"""What sources answer where they live, remembered for as long as a run lasts: most steps read the same source."""

from __future__ import annotations

import json
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.errors import VerificationError, WorkflowError
from workflow.base.records import Record
from workflow.base.scratch import Scratch
from workflow.verification import asking, exchange
from workflow.verification.asking import TIMEOUT, Ask, SourceAnswer
from workflow.verification.exchange import NONSENSE
from workflow.verification.figures import distance
from workflow.verification.judging import read_all
from workflow.verification.requests import NotRun, RuntimeFailure
from workflow.verification.script_sources import ask_at_home

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.recipe.recipes import Verification
    from workflow.verification.asking import Places
    from workflow.verification.evidence import Place
    from workflow.verification.requests import Subject


_HALF = "the source computes in {}, TensorFlow.js in float32: held against the source as it answers in float32"


class Question(Record):
    """What a source is asked: by ``settings``, and one of TensorFlow.js there, unless it is not to be ``at_home``."""

    source: Subject
    settings: Verification
    places: Places
    timeout: float = TIMEOUT
    at_home: bool = True

    @property
    def key(self) -> str:
        """Everything that the answers follow from."""
        drawn = (self.settings.image_range, self.settings.samples, self.settings.batches, self.settings.seed)
        given = [_files(path) for path in (self.settings.inputs, self.settings.labels)]
        model: list[Any] = [self.source.format, dict(self.source.options), _files(self.source.path), self.at_home]
        return json.dumps([model, given, drawn], default=str, sort_keys=True)

    def asked(self, feeds: tuple[asking.Feed, ...], folder: Path, *, place: Place) -> asking.Answers | NotRun:
        """Run the source on feeds in a place; raises as ``asking.answers``."""
        return asking.answers(Ask(self.source, feeds, folder, timeout=self.timeout), self.places, place=place)


class SourceAnswers:
    """The answers of sources, each computed once; files that changed since make it another source. Close it."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._removal: weakref.finalize[..., Any] | None = None
        self._known: dict[str, SourceAnswer] = {}
        self._elsewhere: dict[tuple[str, Place], asking.Answers] = {}
        self._unrest: dict[str, Mapping[str, float]] = {}

    def of(self, question: Question) -> SourceAnswer | NotRun:
        """Run a source at home on its samples, unless that was done before; raises as ``ask_source``."""
        key = question.key
        if key not in self._known:
            found = ask_source(question, folder=self._room())
            if isinstance(found, NotRun):  # what was missing may be there at the next step
                return found
            self._known[key] = found
        return self._known[key]

    def at(self, place: Place, question: Question) -> tuple[Path, ...] | NotRun:
        """Return what a source answers in another place, to the same inputs as at home: one exchange set a feed."""
        home = self.of(question)
        if isinstance(home, NotRun):
            return home
        if place == home.place:
            return tuple(feed.outputs for feed in home.feeds)
        key = question.key, place
        if key not in self._elsewhere:
            try:
                found = question.asked(home.feeds, self._room(), place=place)
            except (RuntimeFailure, WorkflowError) as failure:
                return NotRun(f"the source itself does not run there: {failure}", "")
            if isinstance(found, NotRun):
                return found
            self._elsewhere[key] = found
        return self._elsewhere[key].outputs

    def unrest(self, question: Question) -> Mapping[str, float]:
        """Return how far each output of a source moves at home when its inputs move by a rounding, as far as known."""
        home = self.of(question)
        if isinstance(home, NotRun):
            return {}
        key = question.key
        if key not in self._unrest:
            nudged = tuple(_nudged(feed, self._room()) for feed in home.feeds)
            try:
                found = question.asked(nudged, self._room(), place=home.place)
            except (RuntimeFailure, WorkflowError):
                return {}
            if isinstance(found, NotRun):
                return {}
            before, after = read_all([feed.outputs for feed in home.feeds]), read_all(found.outputs)
            self._unrest[key] = {
                name: distance(before[name], after[name])
                for name in before
                if _comparable(before[name], after.get(name))
            }
        return self._unrest[key]

    def close(self) -> None:
        """Forget everything and remove its files; what is asked for later is computed anew."""
        if self._removal is not None:
            self._removal()
        self._folder, self._removal = None, None
        self._known, self._elsewhere, self._unrest = {}, {}, {}

    def _room(self) -> Path:
        """Return an empty folder, which is removed at the end of the process at the latest."""
        if self._folder is None:
            made = Scratch("references")
            self._folder, self._removal = made.path, weakref.finalize(self, made.close)
        return Path(tempfile.mkdtemp(dir=self._folder))


def _nudged(feed: asking.Feed, folder: Path) -> asking.Feed:
    """Return a feed whose numbers are the next ones that float32 has."""
    given = exchange.read(feed.inputs)
    exchange.write(folder, {name: moved_by_a_rounding(array) for name, array in given.items()})
    return asking.Feed(folder, feed.outputs, feed.samples)


def moved_by_a_rounding(array: Any) -> Any:
    """Return numbers that are the next ones to those given, every second up and the others down.

    Whole numbers may be places in a table, and zeros steps to leave out: the former go up alone, the latter stay.
    """
    if array.dtype.kind != "f":
        return array
    up = np.arange(array.size).reshape(array.shape) % 2 == 1
    ways = np.where(up | (array == np.rint(array)), np.inf, -np.inf).astype(array.dtype)
    return np.where(array == 0, array, np.nextafter(array, ways))


def _comparable(one: Any, other: Any) -> bool:
    return other is not None and one.shape == other.shape and one.dtype.kind == "f"


def _files(path: Path | None) -> list[Any] | None:
    """Return a path with size and time of every file there."""
    if path is None:
        return None
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    known = [(str(one), one.stat()) for one in found if one.is_file()]
    return [str(path), *((name, facts.st_size, facts.st_mtime_ns) for name, facts in known)]


def ask_source(question: Question, *, folder: Path) -> SourceAnswer | NotRun:
    """Run a source where it lives on samples: TensorFlow.js models there, others in Python.

    What TensorFlow.js cannot run is asked in Python, with a remark. Raises a ``WorkflowError`` when the samples do not
    fit it.
    """
    source, settings, places = question.source, question.settings, question.places
    if not (source.is_tfjs and question.at_home):
        return _in_python(source, settings, places=places, folder=folder)
    found = ask_at_home(source, settings, places=places, folder=folder, timeout=question.timeout)
    if not isinstance(found, NotRun):
        return found
    instead = _in_python(source, settings, places=places, folder=folder)
    if isinstance(instead, NotRun):
        return NotRun(f"{found.why}; {instead.why}", found.remedy)
    return instead.replaced(remarks=(f"the source was asked in Python, where it does not live: {found.why}",))


def _in_python(source: Subject, settings: Verification, *, places: Places, folder: Path) -> SourceAnswer | NotRun:
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
    answer = places.job("source", job)
    if answer.get("not_run"):
        return NotRun(f"the source cannot be run in Python: {answer['not_run']}", "")
    remarks = (_HALF.format(answer["half"]),) if answer.get("half") else ()
    return SourceAnswer(_feeds(answer, folder), answer, remarks=remarks)


def _feeds(answer: Mapping[str, Any], folder: Path) -> tuple[asking.Feed, ...]:
    """Return the feeds that a job tells of; raises ``VerificationError`` where they are not below its folder."""
    try:
        feeds = tuple(asking.Feed(Path(f["inputs"]), Path(f["outputs"]), int(f["samples"])) for f in answer["feeds"])
    except (KeyError, TypeError, ValueError) as problem:
        raise VerificationError(f"the job `source` answers nonsense: {problem!r}", hint=NONSENSE) from None
    if any(
        ".." in path.parts or not path.is_relative_to(folder) for feed in feeds for path in (feed.inputs, feed.outputs)
    ):
        raise VerificationError("the job `source` names files that are not its own", hint=NONSENSE)
    return feeds
