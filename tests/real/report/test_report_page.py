"""The report page in a real browser: themes, phone, saving, and not a single request beside itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import full_run
from workflow.report.html import render
from workflow.report.run_reading import read_run
from workflow.verification.measures import Measures
from workflow.verification.measures.artifact_sizes import Sizes
from workflow.verification.measures.sweep import LoadTime

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.serving.driving import Driver

pytestmark = pytest.mark.real

LINKS = ("mobile: 10 Mbit/s, 40 ms", "host gives each connection 8 Mbit/s")


def measures() -> Measures:
    sizes = {
        name: Sizes(5, size, size * 9 // 10, size * 9 // 10) for name, size in (("python_to_js", 4), ("quantize", 1))
    }
    loads = [LoadTime("python_to_js", cut, link, 5, 4, 1.5) for link in LINKS for cut in ("as made", "1 file", "1 MB")]
    return Measures(sizes, tuple(loads))


def test_the_page_works_alone_in_both_themes_and_on_a_phone(driver: Driver, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render(read_run(full_run(), measures=measures())), encoding="utf-8")
    seen = driver.drive("report", page.as_uri())
    assert (seen["problems"], seen["foreign"]) == ([], [])
    assert (seen["charts"], seen["record"], seen["saved"]) == (4, "digits", "report.json")
    assert seen["light"] != seen["dark"] == seen["toggled"]
    assert seen["overflow"] == 0
    assert seen["text"] >= 9  # pixels: charts stay readable on a phone
