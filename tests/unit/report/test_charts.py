"""Which charts a run has: none of what was not measured, and a series for each thing that was."""

from __future__ import annotations

import pytest

from tests.unit.report.runs import full_check, full_run, run_of, step
from workflow.report import charts
from workflow.report.record import LoadMeasurement, RunRecord
from workflow.report.run_reading import read_run

LINKS = ("home: 50 Mbit/s", "far away")


def record(*, quantized: bool, loads: bool) -> RunRecord:
    made = [step("web", "python_to_js", full_check()), step("small", "quantize", full_check(0.02))]
    found = read_run(run_of(*made[: 2 if quantized else 1]))
    measured = [
        LoadMeasurement(artifact=artifact, layout=layout, link=link, requests=2, bytes=10, seconds=1.5)
        for link in LINKS
        for artifact, layout in (("web", "1 file"), ("web", "1 MB"), ("web", "as made"), ("small", "as made"))
    ]
    return found.replaced(loads=tuple(measured) if loads else ())


@pytest.mark.parametrize(("quantized", "series"), [(False, ["1 file", "1 MB"]), (True, ["1 file", "1 MB", "small"])])
def test_load_times_have_a_series_for_each_layout_and_one_for_what_is_quantized(
    *, quantized: bool, series: list[str]
) -> None:
    chart = charts._load_times(record(quantized=quantized, loads=True))
    assert chart is not None
    said = [f"<title>{name}, {link.replace(': ', ' ')}: 1.5 s</title>" for name in series for link in LINKS]
    assert [chart.svg.count(text) for text in said] == [1] * len(said)
    assert chart.svg.count(": 1.5 s</title>") == len(said)


def test_without_load_times_there_is_no_chart_of_them() -> None:
    assert charts._load_times(record(quantized=True, loads=False)) is None


def test_without_anything_timed_in_javascript_there_is_no_chart_of_it() -> None:
    assert charts._latencies(read_run(run_of(step("web", "python_to_js", {})))) is None
    assert charts._latencies(read_run(full_run())) is not None
