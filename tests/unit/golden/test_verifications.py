"""What verifications, charts and verifications show, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import verifications
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths are those of Linux")


def test_everything_is_verified_as_before(tmp_path: Path) -> None:
    require_equal(verifications.FILE, verifications.all_verifications(tmp_path))
