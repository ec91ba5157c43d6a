"""How things are worded, entry by entry; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import words
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths, and words of the system, are those of Linux")


def test_everything_is_worded_as_before(tmp_path: Path) -> None:
    require_equal(words.FILE, words.all_words(tmp_path))
