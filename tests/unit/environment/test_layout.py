from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow.environment import Environment, worker_environ


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
