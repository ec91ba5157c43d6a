"""What is made of answers, checks and claims, branch by branch; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import judgements
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths, and places of programs, are those of Linux")


def test_everything_is_judged_as_before(tmp_path: Path) -> None:
    require_equal(judgements.FILE, judgements.all_judgements(tmp_path))
