"""What modules declare, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import declared
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="some figures are those of Linux")


def test_tables_words_limits_and_defaults_are_what_they_were(tmp_path: Path) -> None:
    require_equal(declared.FILE, declared.all_declared(tmp_path))
