"""A subshell reads the user's own start-up files, then enters the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.activation.conftest import find_shell
from workflow.base import processes
from workflow.environment.activation.subshell import prepared

if TYPE_CHECKING:
    from workflow.environment.activation import ShellName, Target

SHELLS: list[ShellName] = ["bash", "zsh", "fish"]
START = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
PROMPTS = {"bash": 'echo "prompt: $PS1"', "zsh": 'echo "prompt: $PS1"', "fish": 'echo "prompt:" (fish_prompt)'}
SET_PROMPT = {"bash": "PS1='mine> '", "zsh": "PS1='mine> '", "fish": "function fish_prompt; echo 'mine> '; end"}


def typed(shell: ShellName, home: Path, target: Target, script: str) -> list[str]:
    """Open the subshell, type the script into it, and return the lines of what it prints that say something."""
    program = find_shell(shell, home).path
    (home / "typed").write_text(f"{script}\nexit\n")
    with prepared(shell, target, program=program) as subshell, (home / "typed").open("rb") as stdin:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": "dumb", **subshell.variables}
        process = processes.start(subshell.argv, stdin=stdin, env=env)
        out, _ = process.communicate(timeout=30)
    return [
        line.strip() for line in out.decode().splitlines() if "prompt:" in line or "Python" in line or "rc:" in line
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.mark.parametrize("shell", SHELLS)
def test_it_reads_the_users_start_up_file_and_enters(shell: ShellName, home: Path, target: Target) -> None:
    start = home / START[shell]
    start.parent.mkdir(parents=True, exist_ok=True)
    start.write_text(f"echo rc: read\n{SET_PROMPT[shell]}\n")
    lines = typed(shell, home, target, f"python --version\n{PROMPTS[shell]}")
    assert "rc: read" in lines
    assert "Python 3.8.99 of the stub" in lines
    assert any("prompt: (tfjs) mine>" in line for line in lines)


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_start_up_file_it_enters_too(shell: ShellName, home: Path, target: Target) -> None:
    assert "Python 3.8.99 of the stub" in typed(shell, home, target, "python --version")


def test_zsh_keeps_the_folder_of_start_up_files_that_the_user_set(
    home: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "dots").mkdir()
    (home / "dots" / ".zshrc").write_text("echo rc: from dots\n")
    (home / ".zshenv").write_text(f"export ZDOTDIR='{home}/dots'\n")
    monkeypatch.delenv("ZDOTDIR", raising=False)
    lines = typed("zsh", home, target, 'echo "rc: $ZDOTDIR"')
    assert "rc: from dots" in lines
    assert f"rc: {home}/dots" in lines


def test_the_start_up_files_are_gone_afterwards(target: Target) -> None:
    with prepared("bash", target, program="bash") as subshell:
        start = Path(subshell.argv[2])
        assert start.is_file()
    assert not start.exists()


def test_cmd_starts_with_a_batch_file(target: Target) -> None:
    with prepared("cmd", target, program="cmd.exe") as subshell:
        text = Path(subshell.argv[2]).read_bytes().decode()
    assert subshell.argv[1] == "/K"
    assert text.startswith("@echo off\r\n")
    assert "%%_TFJS_OLD_PATH%%" in text
    assert os.linesep == "\n"
