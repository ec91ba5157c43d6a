"""What every screen shows, in its colours, and what may be typed; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import screens
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths and shells are those of Linux")


def test_every_screen_shows_what_it_showed(tmp_path: Path) -> None:
    require_equal(screens.FILE, screens.all_screens(tmp_path))
