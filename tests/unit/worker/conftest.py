"""The worker's own bootstrap, run by this Python: no TensorFlow here, which only the jobs that need it notice."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.bridge.warm_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    with Worker(Path(sys.executable), environ=os.environ, log=tmp_path / "worker.log") as made:
        yield made
