from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.orders import order_for
from workflow.base.errors import NoManagerError
from workflow.base.events import Silent
from workflow.environment import interpreters
from workflow.environment.managers.python import NearbyPythonManager, PythonManager

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
