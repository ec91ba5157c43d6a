"""Fast tests: every test gets an empty home of its own, so nothing of the user's machine is read or written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SECONDS = 120
"""What one test may take on a busy machine: a test that hangs is a failure, with the place where it hangs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(autouse=True)
def tool_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(home))
    for name in ("HOME", "USERPROFILE", "UV_CACHE_DIR", "UV_CREDENTIALS_DIR"):
        (home / name.lower()).mkdir()
        monkeypatch.setenv(name, str(home / name.lower()))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("MANAGER", "MIRROR", "OFFLINE", "STRICT"):
        monkeypatch.delenv(f"TFJS_WORKFLOW_{name}", raising=False)
    return home


@pytest.fixture
def dice() -> np.random.Generator:
    return np.random.default_rng(7)
