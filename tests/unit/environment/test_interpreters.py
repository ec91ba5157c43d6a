from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.orders import order_for
from workflow.base import processes
from workflow.base.errors import EnvironmentProblem, NoManagerError
from workflow.base.events import Recording, Silent
from workflow.environment import interpreters
from workflow.environment.blueprint import KERAS3
from workflow.environment.managers import python
from workflow.environment.managers.python import NearbyPythonManager, PythonManager, TodaysPythonManager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.environment.managers import BuildOrder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the interpreters here are shell scripts")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which no Python is found but those that the test puts into this folder."""
    for name in ("PYENV_ROOT", "XDG_DATA_HOME", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(interpreters, "_SYSTEM_FOLDERS", ())
    interpreters.find.cache_clear()
    yield tmp_path
    interpreters.find.cache_clear()


def put(path: Path, version: str, *, machine: str = platform.machine(), implementation: str = "CPython") -> Path:
    answer = (
        f'{{"implementation": "{implementation}", "version": "{version}", "bits": 64, "machine": "{machine}", '
        f'"executable": "{path}", "packages": "/p"}}'
    )
    return script(path, f"echo '{answer}'")


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def order(folder: Path) -> BuildOrder:
    return order_for(folder / "conda-lock.yml", folder, Silent())


@pytest.mark.parametrize(
    "place",
    [
        "bin/python3.8",
        "bin/python3",
        ".pyenv/versions/3.8.18/bin/python3.8",
        ".local/share/uv/python/cpython-3.8.20-linux-x86_64-gnu/bin/python3.8",
    ],
)
def test_a_python_is_found_where_people_have_it(machine: Path, place: str) -> None:
    expected = put(machine / place, "3.8.20")
    found = interpreters.find("3.8")
    assert found is not None
    assert (found.executable, found.series) == (expected, "3.8")
    assert PythonManager().missing() is None


def test_a_shim_that_does_not_answer_is_passed_over(machine: Path) -> None:
    script(machine / "bin" / "python3.8", "echo 'pyenv: version 3.8 is not set' >&2; exit 127")
    expected = put(machine / ".pyenv/versions/3.8.18/bin/python3.8", "3.8.18")
    found = interpreters.find("3.8")
    assert found is not None
    assert found.executable == expected


@pytest.mark.parametrize(
    "facts",
    [{"version": "3.9.1"}, {"version": "3.8.1", "machine": "m68k"}, {"version": "3.8.1", "implementation": "PyPy"}],
)
def test_what_does_not_fit_is_not_taken(machine: Path, facts: dict[str, str]) -> None:
    put(machine / "bin" / "python3.8", **facts)
    assert interpreters.find("3.8") is None
    assert "no CPython 3.8" in str(PythonManager().missing())


def test_the_nearest_series_is_the_last_resort_and_says_so(machine: Path) -> None:
    put(machine / "bin" / "python3.11", "3.11.7")
    put(machine / "bin" / "python3.10", "3.10.1")
    assert NearbyPythonManager().missing() is None
    assert NearbyPythonManager().caveats == ("not a conda environment", "Python 3.10, not 3.8")


def test_where_there_is_none_nothing_is_made(machine: Path) -> None:
    assert "no CPython 3.9 to 3.11" in str(NearbyPythonManager().missing())
    with pytest.raises(NoManagerError):
        PythonManager().create(machine / "prefix", order(machine))


def test_a_virtual_environment_is_made_of_the_installation_behind_one(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = interpreters.ask(Path(sys.executable))
    assert own is not None
    monkeypatch.setattr("workflow.environment.managers.python._nearest", lambda: own)
    NearbyPythonManager().create(machine / "prefix", order(machine))
    made = interpreters.ask(machine / "prefix" / "bin" / "python")
    assert made is not None
    assert made.version == own.version
    assert made.executable.parent == own.executable.parent
    assert made.packages.is_relative_to(machine / "prefix")


NONE = "no CPython {} on PATH, in pyenv or from uv"


def test_each_manager_says_what_it_lacks_and_what_is_not_as_asked(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python, "_own", lambda _: None)
    managers = (PythonManager(), NearbyPythonManager(), TodaysPythonManager())
    assert [manager.name for manager in managers] == ["python", "python-nearby", "python"]
    assert [manager.missing() for manager in managers] == [
        NONE.format(series) for series in ("3.8", "3.9 to 3.11", "3.10 to 3.13")
    ]
    assert [manager.caveats for manager in managers] == [
        ("not a conda environment",),
        ("not a conda environment", "Python 3.9 to 3.11, not 3.8"),
        ("not a conda environment",),
    ]


@pytest.mark.parametrize(
    ("here", "nearest", "todays"),
    [
        (("3.9", "3.10", "3.11", "3.12", "3.13"), "3.9", "3.12"),
        (("3.10", "3.11", "3.13"), "3.10", "3.11"),
        (("3.10", "3.13"), "3.10", "3.13"),
        (("3.10",), "3.10", "3.10"),
        (("3.14", "3.7"), None, None),
    ],
)
def test_the_best_series_that_is_here_is_taken(
    machine: Path, monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], nearest: str | None, todays: str | None
) -> None:
    monkeypatch.setattr(python, "_own", lambda _: None)
    monkeypatch.setattr(python, "current_platform", lambda: "linux-64")
    for series in here:
        put(machine / "bin" / f"python{series}", f"{series}.1")
    found = [each.series if each else None for each in (python._nearest(), python._todays())]
    assert found == [nearest, todays]
    old = "Python 3.10 has no Keras after 3.12, which does not load what later ones save"
    assert (old in TodaysPythonManager().caveats) is (todays == "3.10")


def test_on_intel_macs_there_is_no_tensorflow_for_python_3_13(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_own", lambda wanted: None if "3.13" not in wanted else pytest.fail("asked for 3.13"))
    monkeypatch.setattr(python, "current_platform", lambda: "osx-64")
    put(machine / "bin" / "python3.13", "3.13.1")
    assert python._todays() is None


def test_before_the_oldest_series_the_python_that_runs_this_tool_is_taken(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = interpreters.ask(Path(sys.executable))
    assert own is not None
    monkeypatch.setattr(python, "current_platform", lambda: "linux-64")
    put(machine / "bin" / "python3.10", "3.10.1")
    todays = python._todays()
    assert todays is not None
    assert todays.series == (own.series if own.series in ("3.10", "3.11", "3.12", "3.13") else "3.10")
    assert python._own(["3.1"]) is None


def test_a_python_that_has_gone_is_told_with_what_to_install(machine: Path) -> None:
    for name, hint in (("e", "micromamba, or a CPython 3.8 (pyenv and uv can)"), ("keras3", KERAS3.interpreter)):
        with pytest.raises(NoManagerError) as caught:
            python._make(machine / name, None, order(machine))
        assert caught.value.message == "the Python that was to be used is gone"
        assert caught.value.hint == f"install {hint} and try again"


def test_which_python_is_used_is_said_and_a_failure_of_uv_is_told(machine: Path) -> None:
    listener = Recording()
    given = order_for(machine / "conda-lock.yml", machine, listener)
    broken = script(machine / "bin" / "broken", "exit 3")
    found = interpreters.Interpreter(broken, "3.8.20", machine)
    with pytest.raises(EnvironmentProblem) as caught:
        python._make(machine / "prefix", found, given)
    assert listener.lines == [f"using CPython 3.8.20 from {broken}"]
    assert caught.value.message.startswith(f"making a virtual environment of {broken}: ")
    assert caught.value.log == str(given.log)


def test_making_a_virtual_environment_may_take_two_minutes(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(argv: list[str], *, timeout: float, tie: Path, **_: object) -> None:
        assert argv[1:4] == ["venv", "--no-python-downloads", "--no-project"]
        assert (timeout, tie.name) == (120.0, "create.venv.child")
        raise processes.CommandTimeoutError("it ran too long")

    given = order(machine)
    monkeypatch.setattr(processes, "run_tied", too_long)
    with pytest.raises(EnvironmentProblem) as caught:
        python._make(machine / "prefix", interpreters.Interpreter(machine, "3.8.20", machine), given)
    assert (caught.value.message, caught.value.hint) == ("it ran too long", "see the log")
    assert caught.value.log == str(given.log)


def test_of_several_installations_the_newest_that_fits_is_taken_and_each_is_asked_once(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = interpreters.ask

    def noted(path: Path) -> interpreters.Interpreter | None:
        asked.append(path.name)
        return ask(path)

    monkeypatch.setattr(interpreters, "ask", noted)
    monkeypatch.setenv("PATH", f"{machine / 'bin'}:{machine / 'bin'}")
    put(machine / "bin" / "python3", "3.9.1")
    for version in ("3.8.18", "3.8.20", "3.8.19"):
        put(machine / ".pyenv/versions" / version / "bin" / "python3.8", version)
    found = interpreters.find("3.8")
    assert found is not None
    assert (found.version, found.bits, found.packages, found.implementation) == ("3.8.20", 64, Path("/p"), "CPython")
    assert asked == ["python3", "python3.8"]
    assert interpreters.find("3.8") is found


@pytest.mark.parametrize("answer", ["nothing", "[]", '{"version": "3.8.1"}', '{"executable": 3}'])
def test_what_answers_otherwise_than_a_python_is_none(machine: Path, answer: str) -> None:
    assert interpreters.ask(script(machine / "bin" / "python3.8", f"echo '{answer}'")) is None


def test_a_python_is_asked_without_the_users_variables_for_pythons(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/wrong")
    monkeypatch.setenv("KEPT", "yes")
    path = put(machine / "bin" / "python3.8", "3.8.1")
    path.write_text(path.read_text().replace("echo", '[ "$1 $2 $KEPT$PYTHONPATH" = "-I -c yes" ] && echo'))
    assert interpreters.ask(path) is not None


def test_on_windows_an_installation_has_its_python_at_the_top(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / ".pyenv" / "versions" / "3.8.20").mkdir(parents=True)
    places = {}
    for system in ("linux", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        places[system] = list(interpreters._candidates("3.8"))[-1]
    top = machine / ".pyenv" / "versions" / "3.8.20"
    assert places == {"linux": top / "bin" / "python3.8", "win32": top / "python.exe"}
