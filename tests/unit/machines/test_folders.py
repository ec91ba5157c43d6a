"""Whatever the machine's folders are like, a command works or says which folder stops it and what moves it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.unit.machines.conditions import COMMANDS, NOBODY, can_be_nobody, conditions, lay_out, run
from workflow.environment import interpreters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not can_be_nobody(), reason="this machine has no user namespaces")


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o755)
    yield tmp_path / "odd"
    for folder in ("unread", "readonly"):
        (tmp_path / "odd" / folder).chmod(0o755)
    shutil.rmtree(tmp_path / "odd")


def test_no_condition_is_taken_for_a_bug(odd: Path, tmp_path: Path) -> None:
    failed = {}
    for number, (name, variables) in enumerate(conditions(odd).items()):
        words = COMMANDS[number % 3]  # scripts/sweep_machines.py does all of them under each
        folder = lay_out(tmp_path / str(number))
        ended = run(words, folder, {"TFJS_WORKFLOW_HOME": str(folder / "home"), **variables}, before=NOBODY)
        if ended.is_a_bug or (ended.code and "what to do" not in ended.said):
            failed[name, words] = ended.said
    assert failed == {}


def test_a_home_that_cannot_be_used_is_named_with_what_names_another(odd: Path, tmp_path: Path) -> None:
    variables = conditions(odd)["the tool's home is unreadable"]
    ended = run(("convert", "r.yml"), lay_out(tmp_path / "work"), variables, before=NOBODY)
    assert ended.code == 36
    assert f"cannot write {odd / 'unread'}" in ended.said
    assert "TFJS_WORKFLOW_HOME names another folder" in ended.said
    assert "temporary" not in ended.said  # though all of this lies among temporary files


@pytest.mark.parametrize("home", [None, "relative", ""])
def test_without_a_home_the_two_variables_that_help_are_named(tmp_path: Path, home: str | None) -> None:
    variables = {"HOME": home, "TFJS_WORKFLOW_HOME": None, "XDG_DATA_HOME": None}
    ended = run(("convert", "r.yml"), lay_out(tmp_path / "work"), variables, before=NOBODY)
    assert ended.code == 36
    assert "there is no folder for the tool's own files" in ended.said
    assert "set TFJS_WORKFLOW_HOME (or HOME) to a folder that can be written" in ended.said


def test_nothing_of_the_current_folder_is_looked_at_for_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "home" / ".pyenv" / "versions" / "3.9.1" / "bin" / "python3.9"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\ntouch ran\n")
    python.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for name, value in {"HOME": "home", "PATH": ""}.items():
        monkeypatch.setenv(name, value)
    for name in ("PYENV_ROOT", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    interpreters.find.cache_clear()
    assert interpreters.find("3.9") is None
    assert not (tmp_path / "ran").exists()
    interpreters.find.cache_clear()
