from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow.environment import Environment, layout, worker_environ


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("KEPT", "yes")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    return worker_environ(Environment("e", tmp_path, python, "python", "3.8.20", "full", "0", ()))


def test_the_programs_of_the_environment_come_first(environ: dict[str, str], tmp_path: Path) -> None:
    first, *others = environ["PATH"].split(os.pathsep)
    assert Path(first) == tmp_path / "bin"
    assert others == os.environ["PATH"].split(os.pathsep)


def test_nothing_of_another_environment_leaks_in(environ: dict[str, str]) -> None:
    assert "/elsewhere" not in environ.values()
    assert environ["PYTHONNOUSERSITE"] == "1"
    assert environ["KEPT"] == "yes"


def test_tensorflow_is_quiet_and_without_gpu_unless_the_user_says_otherwise(environ: dict[str, str]) -> None:
    assert environ["TF_CPP_MIN_LOG_LEVEL"] == "2"
    assert environ["CUDA_VISIBLE_DEVICES"] == "0"


def test_every_variable_that_leads_a_python_astray_is_dropped_and_a_user_may_choose_how_loud_tensorflow_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "CONDA_EXE")
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name in (*dropped, "CONDA", "PYTHONHASHSEED", "TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "TF_USE_LEGACY_KERAS"):
        monkeypatch.setenv(name, "7")
    made = Environment("e", tmp_path, tmp_path / "bin" / "python", "python", "3.8.20", "full", "0", ())
    path = os.pathsep.join([str(tmp_path / "bin"), os.defpath])
    kept = dict.fromkeys(("CONDA", "PYTHONHASHSEED", "TF_CPP_MIN_LOG_LEVEL"), "7")
    usual = {**kept, "CUDA_VISIBLE_DEVICES": "-1", "PATH": path, "PYTHONNOUSERSITE": "1"}
    assert worker_environ(made) == {**usual, "KERAS_BACKEND": "7", "TF_USE_LEGACY_KERAS": "7"}
    assert worker_environ(made.replaced(profile="keras3")) == {
        **usual,
        "KERAS_BACKEND": "tensorflow",
        "TF_USE_LEGACY_KERAS": "0",
    }


def test_a_program_is_where_it_could_be_and_its_folder_is_searched_once(tmp_path: Path) -> None:
    assert layout.program(tmp_path, "pip") == tmp_path / "bin" / "pip"
    assert layout.python(tmp_path) == tmp_path / "bin" / "python"
    (tmp_path / "bin").mkdir()
    assert layout.search_path(tmp_path) == [tmp_path / "bin"]
