"""The report as one HTML file: no network, its data inside, readable on a phone and on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import wording
from workflow.report.charts import charts
from workflow.report.conclusions import shortfalls
from workflow.report.report_tables import attributions, load_table, matrix, timings, worst_elements

if TYPE_CHECKING:
    from workflow.report.record import RunRecord

_TEMPLATES = Path(__file__).parent / "templates"
_BEGIN = '<script type="application/json" id="record">'
_END = "</script>"


def render(record: RunRecord) -> str:
    """Return the page of a record."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  for reports alone

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=lambda value: wording.block(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS
    return environment.get_template("report.html.j2").render(
        record=record,
        matrix=matrix(record),
        charts=charts(record),
        attributions=attributions(record),
        worst=worst_elements(record),
        timings=timings(record),
        loads=load_table(record),
        shortfalls=shortfalls(record.steps),
        embedded=record.to_json().replace("<", "\\u003c"),  # no text in the data may end the script element
        style=_read("report.css"),
        script=_read("report.js"),
    )


def embedded_json(page: str) -> str | None:
    """Return the JSON that a report page carries; None when it is no report of ours."""
    begin = page.find(_BEGIN)
    if begin < 0:
        return None
    begin += len(_BEGIN)
    end = page.find(_END, begin)
    return page[begin:end] if end > begin else None


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


_FILTERS: dict[str, Any] = {
    "size": wording.size_text,
    "difference": wording.difference_text,
    "share": wording.share_text,
    "accuracy": wording.accuracy_text,
    "ms": wording.milliseconds_text,
    "seconds": wording.seconds_text,
    "number": wording.number_text,
}
