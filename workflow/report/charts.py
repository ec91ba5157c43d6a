"""Which charts a record gives: what is on their axes; those without figures are left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.base.wording import round_text, size_text
from workflow.report import drawing
from workflow.report.drawing import Dots, NamedPoint, Strip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.report.record import PlaceRun, RunRecord, StepRecord
    from workflow.verification.evidence import Histogram

_AS_MADE = "as made"


@dataclass(frozen=True)
class Chart:
    """A finished chart with the words around it."""

    title: str
    caption: str
    svg: str


def charts(record: RunRecord) -> list[Chart]:
    """Return the charts of a record, in the order in which a page shows them."""
    found = []
    for make in (_size_against_error, _difference_histogram, _load_times, _latencies):
        made = make(record)
        if made is not None:
            found.append(made)
    return found


def _size_against_error(record: RunRecord) -> Chart | None:
    spots = []
    for step in record.steps:
        error = max((run.max_abs for run in step.runs if run.max_abs is not None), default=None)
        if step.sizes is not None and error is not None and step.format.startswith("tfjs_"):
            spots.append(NamedPoint(step.step, step.sizes.raw, error, int(step.quantized)))
    if len(spots) < 2:  # noqa: PLR2004  one point compares nothing
        return None
    labels = (_size, "download, uncompressed", "largest difference")
    title = "Size against error"
    caption = "Largest difference of any output from the source's, over all places; lower left is better."
    return Chart(title, caption, drawing.draw_spots(title, spots, labels=labels))


def _difference_histogram(record: RunRecord) -> Chart | None:
    strips = [_strip(step.step, found) for step in record.steps if (found := _histogram(step)) is not None]
    if not strips:
        return None
    title = "How output differences are distributed"
    caption = "Output elements by absolute difference from the source, in the place with the largest one."
    return Chart(title, caption, drawing.draw_strips(title, strips, x_title="absolute difference"))


def _histogram(step: StepRecord) -> Histogram | None:
    runs = [run for run in step.runs if run.max_abs is not None]
    for run in sorted(runs, key=lambda each: (each.runtime == "python", -(each.max_abs or 0.0))):
        for output in sorted(run.outputs, key=lambda each: -(each.max_abs or 0.0)):
            if output.histogram is not None:
                return output.histogram
    return None


def _strip(name: str, found: Histogram) -> Strip:
    first = round(math.log10(found.edges[0])) if found.edges else 0
    return Strip(name, found.zero, first, found.counts)


def _load_times(record: RunRecord) -> Chart | None:
    times = {(load.link, load.layout): load.seconds for load in record.loads if load.layout != _AS_MADE}
    rows = list(dict.fromkeys(load.link for load in record.loads))
    layouts = list(dict.fromkeys(layout for _, layout in times))
    if not layouts:
        return None
    series = {layout: [times.get((row, layout)) for row in rows] for layout in layouts}
    small = next((step.step for step in record.steps if step.quantized), None)
    if small is not None:
        quick = {load.link: load.seconds for load in record.loads if (load.artifact, load.layout) == (small, _AS_MADE)}
        series[small] = [quick.get(row) for row in rows]
    dots = Dots([_short(row) for row in rows], series, lambda value: f"{value:g} s")
    title = "Load time per link and size of weight files"
    caption = "Simulated links: shared bandwidth, slow start, six connections. Marks on each other: no difference."
    return Chart(title, caption, drawing.draw_dots(title, dots))


def _size(value: float) -> str:
    return round_text(size_text(value))


def _short(link: str) -> str:
    """Break a link's name in two lines."""
    head, colon, tail = link.partition(": ")
    return f"{head}\n{tail}" if colon else link.replace(" each connection ", " each\nconnection ")


def _latencies(record: RunRecord) -> Chart | None:
    medians = {(run.place, step.step): run.timing.median_ms for step, run in _timed(record)}
    rows = list(dict.fromkeys(place for place, _ in medians))
    names = list(dict.fromkeys(name for _, name in medians))
    if not rows:
        return None
    dots = Dots(
        rows, {name: [medians.get((row, name)) for row in rows] for name in names}, lambda value: f"{value:g} ms"
    )
    title = "Median prediction per place and backend"
    caption = "Loaded and warm. Software rendering stands in for a GPU where the machine has none."
    return Chart(title, caption, drawing.draw_dots(title, dots))


def _timed(record: RunRecord) -> Iterator[tuple[StepRecord, PlaceRun]]:
    """Yield what was timed in JavaScript: for each format and quantization the first artifact, the rest is the same."""
    seen = set()
    for step in record.steps:
        kind = (step.format, step.quantized)
        runs = [run for run in step.runs if run.runtime != "python" and run.timing.median_ms is not None]
        if runs and kind not in seen:
            seen.add(kind)
            yield from ((step, run) for run in runs)
