"""What reports, charts and comparisons show, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import reports
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="widths of letters on a screen are those of Linux")


def test_every_form_of_a_report_shows_what_it_showed(tmp_path: Path) -> None:
    require_equal(reports.FILE, reports.all_reports(tmp_path))
