"""What files of weights are refused for, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import contained
from tests.unit.golden.store import require_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes and links are those of Linux")


def test_files_that_lead_out_or_claim_too_much_are_refused_as_before(tmp_path: Path) -> None:
    require_equal(contained.FILE, contained.all_refusals(tmp_path))
