"""What users read of environments, story by story; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import environments
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the paths are written as POSIX does")


def test_the_lives_of_environments_are_told_as_before(tmp_path: Path) -> None:
    require_equal(environments.FILE, environments.all_stories(tmp_path))
