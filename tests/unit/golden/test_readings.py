"""What readings, charts and readings show, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import readings
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths are those of Linux")


def test_recipes_mean_what_they_meant(tmp_path: Path) -> None:
    require_equal(readings.FILE, readings.all_readings(tmp_path))
