"""The tables of a report, which its HTML, Markdown and terminal forms share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.base.wording import accuracy_text, difference_text, sentence, share_text

if TYPE_CHECKING:
    from workflow.report.record import PlaceRun, RunRecord, StepRecord
    from workflow.verification.evidence import Attribution, WorstElement

_WORST = 8


@dataclass(frozen=True)
class MatrixCell:
    """One artifact in one place: its status, the largest difference, how often the top answer agrees, and why not.

    ``accuracy`` is the share of labelled samples that it answers right there.
    """

    status: str
    number: str
    top1: str = ""
    accuracy: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One artifact across all places; None where it was not meant to run."""

    step: StepRecord
    cells: tuple[MatrixCell | None, ...]
    accuracy: float | None


@dataclass(frozen=True)
class Matrix:
    """Artifacts by places."""

    places: tuple[str, ...]
    rows: tuple[Row, ...]
    source_accuracy: float | None


@dataclass(frozen=True)
class Worst:
    """One of the elements that differ most, and where it was found."""

    step: str
    place: str
    output: str
    element: WorstElement


@dataclass(frozen=True)
class LoadRow:
    """One layout of one artifact: requests, bytes, and seconds per link (None: not measured)."""

    artifact: str
    layout: str
    requests: int
    bytes: int
    seconds: tuple[float | None, ...]


def matrix(record: RunRecord) -> Matrix:
    """Return every converted artifact against every place that some artifact was meant to run in."""
    steps = [step for step in record.steps if step.kind != "model"]
    places = tuple(dict.fromkeys(run.place for step in steps for run in step.runs))
    rows = tuple(_row(step, places) for step in steps)
    accuracies = [run.accuracy.source for step in steps for run in step.runs if run.accuracy is not None]
    return Matrix(places, rows, accuracies[0] if accuracies else None)


def attributions(record: RunRecord) -> list[tuple[str, Attribution]]:
    """Return the steps whose error could be attributed."""
    return [(step.step, step.attribution) for step in record.steps if step.attribution is not None]


def worst_elements(record: RunRecord) -> list[Worst]:
    """Return the worst elements of the run: for each artifact the worst one, from the place that is furthest off."""
    found = []
    for step in record.steps:
        runs = sorted((run for run in step.runs if run.outputs), key=lambda run: -(run.max_abs or 0.0))
        of_step = [
            Worst(step.step, run.place, output.name, output.worst[0])
            for run in runs
            for output in run.outputs
            if output.worst
        ]
        found += of_step[:1]
    return found[:_WORST]


def timings(record: RunRecord) -> list[tuple[str, PlaceRun]]:
    """Return every run that was timed, with its artifact."""
    timed = [(step.step, run) for step in record.steps for run in step.runs]
    return [(name, run) for name, run in timed if run.timing.median_ms is not None]


def load_table(record: RunRecord) -> tuple[tuple[str, ...], list[LoadRow]]:
    """Return the links, and for each layout of each artifact its load times over them."""
    links = tuple(dict.fromkeys(load.link for load in record.loads))
    found: dict[tuple[str, str], LoadRow] = {}
    times = {(load.artifact, load.layout, load.link): load.seconds for load in record.loads}
    for load in record.loads:
        seconds = tuple(times.get((load.artifact, load.layout, link)) for link in links)
        row = LoadRow(load.artifact, load.layout, load.requests, load.bytes, seconds)
        found.setdefault((load.artifact, load.layout), row)
    return links, list(found.values())


def _row(step: StepRecord, places: tuple[str, ...]) -> Row:
    by_place = {run.place: run for run in step.runs}
    results = [run.accuracy.result for run in step.runs if run.accuracy is not None]
    cells = tuple(_cell(by_place[place]) if place in by_place else None for place in places)
    return Row(step, cells, min(results) if results else None)


def _cell(run: PlaceRun) -> MatrixCell:
    if run.status == "not run":
        return MatrixCell("not run", "not run", note=sentence(run.why, run.remedy))
    finite = all(output.finite for output in run.outputs)
    number = difference_text(run.max_abs) if finite else "not finite"
    accuracy = "" if run.accuracy is None else accuracy_text(run.accuracy.result)
    return MatrixCell(run.status, number, "" if run.top1 is None else share_text(run.top1), accuracy, run.why)
