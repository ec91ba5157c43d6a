"""What is made of settings, locks and shells, and said of those that cannot be, to the letter.

``scripts/write_golden.py`` writes it anew.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import refusals
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the paths are written as POSIX does")


def test_settings_locks_and_shells_are_read_and_refused_as_before(tmp_path: Path) -> None:
    require_equal(refusals.FILE, refusals.all_refusals(tmp_path))
