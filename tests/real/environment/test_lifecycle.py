"""A whole environment of the Python on this machine: made, found, broken, repaired, verified, removed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from workflow import environment, locations
from workflow.environment import Wishes, interpreters, registry
from workflow.environment.managers.python import PythonManager
from workflow.errors import EnvironmentProblem
from workflow.events import Recording, Silent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(PythonManager().missing() is not None, reason="no CPython 3.8 on this machine"),
]
WISHES = Wishes(manager="python")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, with the cache of packages that the other tests have filled."""
    monkeypatch.setenv("UV_CACHE_DIR", str(locations.cache() / "uv"))
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(tmp_path / "home with spaces"))
    return tmp_path


@pytest.mark.usefixtures("home")
def test_an_environment_lives_as_promised() -> None:
    listener = Recording()
    made = environment.ensure("life", wishes=WISHES, listener=listener)
    assert interpreters.ask(made.python) is not None
    assert "made with python: not a conda environment" in listener.warnings
    assert sum(": ok (" in line or ": marked (" in line for line in listener.lines) == 5

    begin = time.perf_counter()
    assert environment.ensure("life", wishes=WISHES, listener=Silent()) == made
    assert time.perf_counter() - begin < 0.05

    made.python.unlink()
    assert registry.look("life").status == "broken"
    assert environment.find("life") is None
    listener = Recording()
    assert environment.ensure("life", wishes=WISHES, listener=listener) == made
    assert any("interpreter" in line and "making it anew" in line for line in listener.lines)

    environment.remove("life", Silent())
    assert not made.prefix.exists()
    with pytest.raises(EnvironmentProblem):
        environment.info("life")
