"""Finds the first layer or node whose output differs, by bisection over cuts of the model; two tensors at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.base.errors import WorkflowError
from workflow.verification import asking, exchange, figures, tolerances
from workflow.verification.cutting import Point, ancestors, carries_tensor, cut, outputs_of, points_of
from workflow.verification.judging import read_all
from workflow.verification.model_ports import ports_of
from workflow.verification.requests import NotRun, RuntimeFailure, Subject

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.asking import Ask, Places
    from workflow.verification.evidence import Place

_FRESH = (
    "convert the source anew, and compare the result with the fresh one: `tfjs-workflow verify RESULT --against FRESH`"
)
_KERAS = frozenset({"keras", "keras_keras", "tfjs_layers_model"})


@dataclass(frozen=True)
class Search:
    """What is compared: the result in one place, against the source in Python, on the feeds of ``ask``."""

    ask: Ask
    source: Subject
    places: Places
    place: Place
    tolerances: tolerances.Tolerances


@dataclass(frozen=True)
class Located:
    """The first point that differs: by how much, what is allowed, how many cuts it took, and what shows it again."""

    point: Point
    figure: float
    bound: float
    cuts: int
    fine: tuple[str, ...]
    problem: str = ""
    reproduction: Path | None = None

    def sentence(self) -> str:
        """Return what was found, for the user."""
        what = self.problem or f"differs by up to {self.figure:.3g}, allowed is {self.bound:.3g}"
        above = (
            f"; {', '.join(self.fine)} before it {'agrees' if len(self.fine) == 1 else 'agree'}" if self.fine else ""
        )
        return f"the first to differ is {self.point.name} ({self.point.kind}): it {what}{above}"


def locate(search: Search, *, keep: Path) -> Located | NotRun:
    """Return the first point of a TensorFlow.js model that differs; a cut that shows it stays in ``keep``."""
    subject = search.ask.subject
    if not subject.is_tfjs:
        return NotRun("only models of TensorFlow.js can be cut", "locate the difference in the step before")
    return _Bisection(search, keep).found()


@dataclass(frozen=True)
class _Measured:
    figure: float
    bound: float
    problem: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.problem) or not self.figure <= self.bound


class _Bisection:
    def __init__(self, search: Search, keep: Path) -> None:
        self._search = search
        self._keep = keep
        self._points = points_of(search.ask.subject)
        self._known: dict[str, _Measured | None] = {}

    def found(self) -> Located | NotRun:
        """Bisect over the points that everything passes, then look at each one between two of them."""
        last = self._last_differing()
        if last is None:
            return self._nowhere()
        mine = ancestors(self._points, last.name)
        inside = [point for point in self._points if point.name in mine and carries_tensor(point)]
        narrow = [point for point in inside if self._is_passed_by_all(point, last)]
        low, high = -1, len(narrow) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._differs(narrow[middle]) else (middle, high)
        fine = ancestors(self._points, narrow[low].name) if low >= 0 else set()
        between = [p for p in inside if p.name in ancestors(self._points, narrow[high].name) and p.name not in fine]
        first = next((point for point in between if self._differs(point)), narrow[high])
        return self._located(first)

    def _nowhere(self) -> NotRun:
        """Return why no cut differs: what is wrong in every place alike, a cut of a graph model cannot show."""
        why = "no output differs when the model is cut there"
        measured = [one for one in self._known.values() if one is not None]
        if not measured:
            return NotRun("the model cannot be cut, or its cuts not run in Python", _FRESH)
        if self._search.ask.subject.format != "tfjs_graph_model":
            return NotRun(why, "the difference lies in how outputs are read")
        return NotRun(
            f"{why}: the result itself (its weights or nodes) differs from its source, in the same way everywhere, "
            "so that cutting it shows nothing",
            _FRESH,
        )

    def _last_differing(self) -> Point | None:
        """Return the first output of the model that differs."""
        names = outputs_of(self._search.ask.subject)
        return next((point for point in self._points if point.name in names and self._differs(point)), None)

    def _is_passed_by_all(self, point: Point, last: Point) -> bool:
        """Whether every way from an input to ``last`` leads through ``point``."""
        by_name = {one.name: one for one in self._points}
        seen = {point.name}
        waiting = [last.name]
        while waiting:
            here = by_name.get(waiting.pop())
            if here is None or here.name in seen:
                continue
            if not here.above and here.kind != "Const":
                return False
            seen.add(here.name)
            waiting += here.above
        return True

    def _differs(self, point: Point) -> bool:
        if point.name not in self._known:
            self._known[point.name] = self._measured(point)
        measured = self._known[point.name]
        return measured is not None and measured.differs

    def _measured(self, point: Point) -> _Measured | None:
        """Return how far a point is off; None where it cannot be told."""
        folder = self._search.ask.folder / f"cut_{len(self._known)}"
        try:
            part = cut(self._search.ask.subject, point.name, into=folder / "model")
            reference, loose = self._reference(part, point, folder)
        except WorkflowError:
            return None
        if isinstance(reference, NotRun):
            return None
        try:
            answers = self._run(part, folder)
        except (RuntimeFailure, WorkflowError) as failure:
            return _Measured(math.inf, 0.0, f"fails: {failure.message}")
        if isinstance(answers, NotRun):
            return None
        return self._compared(reference, answers, loose=loose)

    def _compared(self, reference: asking.Answers, answers: asking.Answers, *, loose: bool) -> _Measured:
        theirs = next(iter(read_all(reference.outputs).values()))
        ours = next(iter(read_all(answers.outputs).values()))
        if theirs.shape != ours.shape:
            return _Measured(math.inf, 0.0, f"has the shape {list(ours.shape)}, and {list(theirs.shape)} in the source")
        output = figures.measure(theirs, ours)
        size = tolerances.magnitude(output)
        limits = self._search.tolerances
        bound = limits.running("", size, backend=self._search.place.backend) + (limits.storing(size) if loose else 0.0)
        if output.lost:
            return _Measured(math.inf, bound, "holds NaN or infinity where its source has numbers")
        return _Measured(output.max_abs, bound)

    def _reference(self, part: Subject, point: Point, folder: Path) -> tuple[asking.Answers | NotRun, bool]:
        """Return what the source has at a point, and whether the result's weights are other than those it has.

        That is the layer of that name, with the result's weights if it is quantized; or else the same cut in Python.
        """
        search = self._search
        of_layers = search.source.format in _KERAS and search.ask.subject.format != "tfjs_graph_model"
        quantized = search.tolerances.noise > 0
        ask = replace(search.ask, subject=asking.absolute(search.source), folder=folder / "source", repeat=0)
        if of_layers:
            weights = search.ask.subject.path if quantized else None
            found = asking.in_python(search.places, ask, cut=point.name, weights=weights)
            if not isinstance(found, NotRun):
                return found, False
        if of_layers and quantized and search.place.runtime == "python":
            return asking.in_python(search.places, ask, cut=point.name), True
        same = replace(_fitted(search.ask, part, folder), subject=part, folder=folder / "python", repeat=0)
        return asking.in_python(search.places, same), False

    def _run(self, part: Subject, folder: Path) -> asking.Answers | NotRun:
        search = self._search
        ask = replace(_fitted(search.ask, part, folder), subject=part, folder=folder / "result", repeat=0)
        place = search.place
        if place.runtime == "python":
            return asking.in_python(search.places, ask)
        runtime = search.places.runtime(place.runtime, place.backend)
        if isinstance(runtime, NotRun):
            return runtime
        return asking.in_javascript(runtime, ask, name=place.runtime, backend=place.backend)

    def _located(self, point: Point) -> Located:
        measured = self._known[point.name] or _Measured(0.0, 0.0)
        fine = tuple(name for name in point.above if (one := self._known.get(name)) is not None and not one.differs)
        kept = cut(self._search.ask.subject, point.name, into=self._keep / "model")
        asking.save_feed(self._search.ask.feeds, self._keep / "inputs.npz")
        return Located(
            point,
            measured.figure,
            measured.bound,
            cuts=len(self._known),
            fine=fine,
            problem=measured.problem,
            reproduction=kept.path,
        )


def _fitted(ask: Ask, part: Subject, folder: Path) -> Ask:
    """Return the feeds with those inputs alone that a part of the model still has."""
    left = ports_of(part).inputs
    names = {port.name for port in left or ()}
    feeds = []
    for number, feed in enumerate(ask.feeds):
        tensors = exchange.read(feed.inputs)
        kept = {name: array for name, array in tensors.items() if ask.inputs.get(name, name) in names}
        if left is None or len(kept) in (0, len(tensors)):
            return ask
        exchange.write(folder / f"fitted_{number}", kept)
        feeds.append(replace(feed, inputs=folder / f"fitted_{number}"))
    return replace(ask, feeds=tuple(feeds))
