"""What places, charts and places show, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import places
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths are those of Linux")


def test_places_are_found_and_asked_as_before(tmp_path: Path) -> None:
    require_equal(places.FILE, places.all_places(tmp_path))
