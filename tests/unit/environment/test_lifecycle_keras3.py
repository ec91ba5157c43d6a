"""The environment `keras3`: chosen by its name, made of a lock of its own, by a Python that is here."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker

from tests import ROOT
from tests.unit.environment.builders import FakeBuilders
from workflow import environment
from workflow.base.errors import EnvironmentProblem, NoManagerError, StrictnessError, UsageError
from workflow.base.events import Recording, Silent
from workflow.environment import Wishes, blueprint, interpreters, layout, lifecycle
from workflow.environment.interpreters import Interpreter
from workflow.environment.managers import managers_for, python
from workflow.environment.managers.fake import FakeManager
from workflow.environment.managers.python import TodaysPythonManager

if TYPE_CHECKING:
    from workflow.environment import Environment

LOCK = ROOT / "requirements" / "keras3.txt"
PLATFORMS = {
    "linux-64": ("linux", "x86_64", "tensorflow-cpu"),
    "linux-aarch64": ("linux", "aarch64", "tensorflow"),
    "osx-64": ("darwin", "x86_64", "tensorflow"),
    "osx-arm64": ("darwin", "arm64", "tensorflow"),
    "win-64": ("win32", "AMD64", "tensorflow-cpu"),
}


@pytest.fixture
def project(project: Path) -> Path:
    (project / "requirements" / "keras3.txt").write_text("# profile: keras3\nkeras==3.15.1\n")
    return project


def made(**wishes: str | bool) -> Environment:
    managers = [FakeManager("python", caveats=("not a conda environment",))]
    listener = Recording()
    builders = FakeBuilders(managers=managers).builders()
    found = lifecycle.ensure("keras3", wishes=Wishes(**wishes), listener=listener, builders=builders)  # type: ignore[arg-type]
    assert any("today's TensorFlow and Keras" in line and "GB" in line for line in listener.lines)
    return found


@pytest.mark.usefixtures("project")
def test_its_name_decides_what_it_is() -> None:
    assert made().profile == "keras3"
    other = lifecycle.ensure("other", wishes=Wishes(), listener=Silent(), builders=FakeBuilders().builders())
    assert other.profile == "full"
    assert environment.lock_digest("keras3") != environment.lock_digest() == environment.lock_digest("other")
    assert {entry.name: entry.status for entry in environment.list_environments()} == {
        "keras3": "ready",
        "other": "ready",
    }


def test_it_grows_stale_by_its_own_lock_alone(project: Path) -> None:
    made()
    (project / "conda-lock.yml").write_text("version: 1\n# changed\n")
    assert environment.find("keras3") is not None
    (project / "requirements" / "keras3.txt").write_text("# profile: keras3\nkeras==3.16.0\n")
    assert environment.info("keras3").status == "stale"


@pytest.mark.usefixtures("project")
def test_it_is_broken_without_tensorflows_program_and_needs_no_converter() -> None:
    found = made()
    assert not (found.prefix / "bin" / "tensorflowjs_converter").exists()
    (found.prefix / "bin" / "saved_model_cli").unlink()
    assert environment.info("keras3").reason == "its saved_model_cli is missing"


@pytest.mark.parametrize("profile", ["full", "nothing"])
def test_a_lock_of_another_profile_is_refused(project: Path, profile: str) -> None:
    (project / "requirements" / "keras3.txt").write_text(f"# profile: {profile}\n")
    with pytest.raises(EnvironmentProblem, match="'# profile: keras3'"):
        blueprint.blueprint("keras3")


@pytest.mark.usefixtures("project")
def test_a_manager_that_is_set_is_meant_for_the_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFJS_WORKFLOW_MANAGER", "micromamba")
    assert made().manager == "python"


@pytest.mark.usefixtures("project")
def test_a_manager_that_is_asked_for_and_cannot_make_it_is_refused() -> None:
    with pytest.raises(UsageError, match="'keras3' is not made by micromamba, but by python"):
        made(manager="micromamba")
    assert made(manager="python").manager == "python"


@pytest.mark.usefixtures("project")
def test_strict_refuses_it_for_no_conda_can_make_it() -> None:
    with pytest.raises(StrictnessError) as caught:
        made(strict=True)
    assert "no conda makes this one" in caught.value.hint


def test_it_is_made_by_the_best_python_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    (manager,) = managers_for("keras3")
    assert isinstance(manager, TodaysPythonManager)
    there = {"3.10", "3.11", "3.13"}
    monkeypatch.setattr(interpreters, "find", lambda series: interpreter(series) if series in there else None)
    monkeypatch.setattr(interpreters, "ask", lambda _: None)
    assert python._todays() == interpreter("3.11")
    there -= {"3.11", "3.13"}
    assert python._todays() == interpreter("3.10")
    assert "Python 3.10 has no Keras after 3.12" in manager.caveats[1]


def test_the_python_of_this_tool_serves_where_no_other_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "find", lambda _: None)
    monkeypatch.setattr(interpreters, "ask", lambda _: interpreter("3.12"))
    assert python._todays() == interpreter("3.12")
    monkeypatch.setattr(interpreters, "ask", lambda _: interpreter("3.14"))
    assert "no CPython 3.10 to 3.13" in str(TodaysPythonManager().missing())


@pytest.mark.usefixtures("project")
def test_without_a_python_it_says_which_to_install() -> None:
    builders = FakeBuilders(managers=[FakeManager("python", absence="no CPython 3.10 to 3.13")]).builders()
    with pytest.raises(NoManagerError) as caught:
        lifecycle.ensure("keras3", wishes=Wishes(), listener=Silent(), builders=builders)
    assert "3.10 to 3.13" in caught.value.hint


@pytest.mark.usefixtures("project")
def test_its_keras_runs_on_tensorflow_whatever_the_user_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert layout.worker_environ(made())["KERAS_BACKEND"] == "tensorflow"


def interpreter(series: str) -> Interpreter:
    return Interpreter(Path(sys.executable), f"{series}.1", Path())


def packages(platform: str, python: str) -> dict[str, str]:
    """Return what the lock holds for a platform and a Python: name to version."""
    system, machine, _ = PLATFORMS[platform]
    facts = {
        "sys_platform": system,
        "platform_machine": machine,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "python_version": python,
        "python_full_version": f"{python}.1",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    entries = re.findall(r"(?m)^([\w.-]+)==([^\s;]+)(?: ; (.+?))? \\$", LOCK.read_text("utf-8"))
    wanted = [(name, version) for name, version, marker in entries if not marker or Marker(marker).evaluate(facts)]
    assert len(dict(wanted)) == len(wanted), "a package is locked twice for one platform"
    return dict(wanted)


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_lock_holds_a_tensorflow_and_a_keras_for_every_platform(platform: str, python: str) -> None:
    found = packages(platform, python)
    assert {name for name in found if name in {"tensorflow", "tensorflow-cpu"}} == {PLATFORMS[platform][2]}
    assert found["keras"].startswith("3.12." if python == "3.10" else "3.15.")
    assert {"pip", "setuptools", "h5py", "numpy", "protobuf"} <= found.keys()
    assert len(found) <= (33 if platform != "osx-64" else 40)
    assert "tensorflowjs" not in found
    assert ("tensorboard" in found) == (platform == "osx-64"), "TensorFlow 2.16, the last for Intel Macs, asks for it"
