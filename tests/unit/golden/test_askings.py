"""What configs ask for, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.golden import askings
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path


def test_configs_are_looked_through_as_before(tmp_path: Path) -> None:
    require_equal(askings.FILE, askings.all_askings(tmp_path))
