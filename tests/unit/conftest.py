"""Fast tests: every test gets an empty home of its own, so nothing of the user's machine is read or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def tool_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(home))
    for name in ("MANAGER", "MIRROR", "OFFLINE", "STRICT"):
        monkeypatch.delenv(f"TFJS_WORKFLOW_{name}", raising=False)
    return home


@pytest.fixture
def dice() -> np.random.Generator:
    return np.random.default_rng(7)
