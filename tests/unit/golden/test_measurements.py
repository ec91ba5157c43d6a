"""What measurements, charts and measurements show, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import measurements
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths are those of Linux")


def test_artifacts_are_measured_as_before(tmp_path: Path) -> None:
    require_equal(measurements.FILE, measurements.all_measurements(tmp_path))
