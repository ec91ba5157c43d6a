from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.unit.report.runs import failed_step, full_run, run_of, step
from workflow.report.drawing import Dots, NamedPoint, draw_dots, draw_spots
from workflow.report.html import embedded_json, render
from workflow.report.record import ArtifactSizes, LoadMeasurement, RunRecord
from workflow.report.run_reading import read_run
from workflow.verification.measures import Measures
from workflow.verification.measures.artifact_sizes import Sizes
from workflow.verification.measures.sweep import LoadTime


def measured_record() -> RunRecord:
    names = ("python_to_js", "quantize", "graph")
    sizes = {name: Sizes(2, 1000 - 300 * number, 900, 800) for number, name in enumerate(names)}
    loads = tuple(
        LoadTime("python_to_js", layout, link, 2, 1000, 1.5 + number)
        for number, (layout, link) in enumerate((a, b) for a in ("1 file", "1 MB") for b in ("home: 50 Mbit/s", "far"))
    )
    return read_run(full_run(), measures=Measures(sizes, loads))


@pytest.fixture(scope="module")
def page() -> str:
    return render(measured_record())


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "action", "poster"):
                self.links.append(value or "")


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    return found


def test_the_page_loads_nothing(page: str) -> None:
    assert all(link.startswith("#") for link in outline(page).links)
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []
    assert "default-src 'none'" in page


def test_the_page_carries_its_record(page: str) -> None:
    text = embedded_json(page)
    assert text is not None
    assert RunRecord.from_json(json.loads(text)) == measured_record()


def test_ids_are_used_once(page: str) -> None:
    ids = outline(page).ids
    assert len(ids) == len(set(ids))


def test_all_four_charts_are_there_described_and_without_style_of_their_own(page: str) -> None:
    charts = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert len(charts) == 4
    for chart in charts:
        svg = chart[chart.index("<svg") : chart.index("</svg>") + 6]
        ET.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314  our own text
        assert 'role="img" aria-label=' in svg
        assert "<style" not in svg
        assert re.findall(r"#[0-9a-f]{6}", svg) == []  # colours come from the page's theme


def test_a_logarithmic_axis_is_marked_at_round_numbers() -> None:
    dots = Dots(("row",), {"one": [2.0], "other": [30.0]}, lambda value: f"{value:g} s")
    chart = draw_dots("dots", dots)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", chart)
    assert [text for text in texts if text.endswith(" s")] == ["2 s", "5 s", "10 s", "20 s", "50 s"]


def test_points_are_named_and_those_on_top_of_each_other_share_their_text() -> None:
    spots = [
        NamedPoint("alone", 1000.0, 1e-3, 0),
        NamedPoint("one", 5000.0, 1e-6, 1),
        NamedPoint("other", 5010.0, 1.1e-6, 2),
    ]
    labels: Any = (lambda value: f"{value:.0f} B", "size", "error")
    chart = draw_spots("spots", spots, labels=labels)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", chart)
    assert [text for text in texts if text in ("alone", "one, other", "one", "other")] == ["alone", "one, other"]
    assert {"size", "error"} <= set(texts)


def test_both_themes_and_paper_are_provided_for(page: str) -> None:
    for needed in ("prefers-color-scheme: dark", '[data-theme="dark"]', "@media print", 'name="viewport"'):
        assert needed in page


def test_the_verdict_stands_before_everything_else(page: str) -> None:
    assert page.index('class="verdict passed"') < page.index("<table") < page.index("<figure>")


def test_matrix_numbers_and_the_reproducing_command_are_in_the_page(page: str) -> None:
    for needed in (
        "browser<br>webgl",
        "2.1e-02",
        "top-1 100%",
        "tfjs-workflow convert recipes/digits.yml --force",
        "<td>digit[3, 1]</td>",
        "4.22.0",
    ):
        assert needed in page


def test_text_of_models_cannot_become_markup() -> None:
    evil = "</script><script>alert(1)</script>"
    run = run_of(step(evil, "graph", {"not_run": evil}), failed_step(evil), name=evil)
    page = render(read_run(run))
    assert "<script>alert" not in page
    assert outline(page).tags.count("script") == 2
    text = embedded_json(page)
    assert text is not None
    assert json.loads(text)["recipe"] == evil


def test_a_run_without_anything_still_gives_a_page() -> None:
    page = render(read_run(run_of()))
    assert "No conversion was part of this run." in page
    assert "<figure>" not in page


def test_a_failure_is_shown_whole() -> None:
    page = render(read_run(run_of(failed_step())))
    assert "allowed is 0.001" in page
    assert "look at &lt;up_sampling&gt;" in page


def test_other_pages_carry_no_record() -> None:
    begin = '<script type="application/json" id="record">'
    pages = {
        "<html></html>": None,
        f"<html>{'x' * 80}<script>{{}}</script></html>": None,
        f"{begin}{{}}": None,
        f"{begin}</script>": None,
        f"{begin}{{}}</script>": "{}",
        f"</script>x{begin}{{}}</script>{begin}[]</script>": "{}",
    }
    assert {page: embedded_json(page) for page in pages} == pages


def test_measures_are_part_of_the_record() -> None:
    record = measured_record()
    assert record.steps[0].sizes == ArtifactSizes(files=2, raw=1000, gzip=900, brotli=800)
    assert isinstance(record.loads[0], LoadMeasurement)
