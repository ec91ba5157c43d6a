"""What the walls refuse and leave open, entry by entry; ``scripts/write_golden.py`` writes it anew.

A difference means that a model may do more than before, or that TensorFlow may lack what it needs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import walls
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers of errors and of open files are Linux's")
def test_the_walls_are_as_they_were(tmp_path: Path) -> None:
    require_equal(walls.FILE, walls.all_walls(tmp_path))
