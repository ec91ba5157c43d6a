"""A whole environment of the Python on this machine: made, found, broken, killed in mid-repair, repaired, removed."""

from __future__ import annotations

import re
import shutil
import sys
import time
from typing import TYPE_CHECKING

import pytest

from workflow import environment
from workflow.base import locations, processes
from workflow.base.errors import EnvironmentProblem
from workflow.base.events import Recording, Silent
from workflow.environment import Wishes, blueprint, interpreters, registry
from workflow.environment.managers.python import PythonManager

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


_MAKE = """
import sys
from workflow import environment
from workflow.environment import Wishes
class Telling:
    def say(self, text): print(text, flush=True)
    warn = say
    def advance(self, what, done, total): pass
environment.ensure("life", wishes=Wishes(manager="python"), listener=Telling())
"""


def killed_while_installing() -> list[str]:
    """Make the environment in another process, kill -9 that when packages are being installed, and return its lines."""
    process = processes.start([sys.executable, "-c", _MAKE], stderr=None)
    lines = []
    for line in process.stdout or ():
        lines.append(line.decode())
        if "installing" in lines[-1]:
            break
    time.sleep(0.4)
    process.kill()
    process.communicate()
    return lines


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
    lines = killed_while_installing()
    assert any("interpreter" in line and "making it anew" in line for line in lines)
    assert registry.look("life").status == "partial"
    assert environment.ensure("life", wishes=WISHES, listener=Silent()) == made

    environment.remove("life", Silent())
    assert not made.prefix.exists()
    with pytest.raises(EnvironmentProblem):
        environment.info("life")


def lean_lock(full: str) -> str:
    """The lock without TF-DF, jax, flax and what only they need, which the lock of another platform leaves out."""
    lean = (locations.project_file("requirements") / "tfjs-linux-aarch64.txt").read_text(encoding="utf-8")
    wanted = {*re.findall(r"(?m)^([\w.-]+)==", lean), "tensorflow", "tensorflow-io-gcs-filesystem"}
    blocks = re.split(r"(?m)^(?=\w)", full)
    return "# profile: lean\n" + "".join(block for block in blocks if block.partition("==")[0] in wanted)


@pytest.mark.usefixtures("home")
def test_the_lean_set_works_with_stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = blueprint.blueprint()
    if plan.profile == "lean":
        pytest.skip("the other test has made the lean set already")
    (tmp_path / "requirements").mkdir()
    text = lean_lock(plan.pip_lock.read_text(encoding="utf-8"))
    (tmp_path / "requirements" / plan.pip_lock.name).write_text(text, encoding="utf-8")
    shutil.copy(plan.conda_lock, tmp_path)
    monkeypatch.setattr(locations, "project_file", lambda name: tmp_path / name)
    made = environment.ensure("lean", wishes=WISHES, listener=Silent())
    found = {check.title: check for check in environment.verify(made)}
    assert found["pip check"].verdict == "marked"
    assert "jax" in found["pip check"].note
    assert found["tensorflowjs_converter --version"].verdict == "ok"
    environment.remove("lean", Silent())
