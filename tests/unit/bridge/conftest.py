"""The airlock of a worker, and the way through it of one job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.bridge.airlock import Airlock, Passage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def airlock(tmp_path: Path) -> Iterator[Airlock]:
    (tmp_path / "logs").mkdir()
    made = Airlock(tmp_path / "logs")
    yield made
    made.close()
    assert list((tmp_path / "logs").iterdir()) == []


@pytest.fixture
def passage(airlock: Airlock) -> Iterator[Passage]:
    made = airlock.passage()
    yield made
    made.close()
