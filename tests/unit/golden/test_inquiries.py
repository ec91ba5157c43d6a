"""What inquiries, charts and inquiries show, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import inquiries
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths are those of Linux")


def test_places_are_asked_as_before(tmp_path: Path) -> None:
    require_equal(inquiries.FILE, inquiries.all_inquiries(tmp_path))
