"""env activate, shell and run."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow.base import processes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.env.conftest import Made, Tool

TOOL = f"'{sys.executable}' -m workflow env"


def test_the_line_to_type_enters_and_deactivate_leaves(made: Made) -> None:
    made()
    script = f'before=$PATH; eval "$({TOOL} activate)"; python --version; deactivate; test "$PATH" = "$before"'
    done = processes.run(["bash", "--norc", "-c", script], cwd=ROOT, env={**os.environ, "SHELL": "/bin/bash"})
    assert (done.code, done.stdout) == (0, "Python 3.8.20\n"), done


def test_activate_prints_nothing_but_the_code(tool: Tool, made: Made) -> None:
    prefix = made().prefix
    assert tool("activate", "--shell", "fish") == 0
    assert f"set -gx TFJS_WORKFLOW_ENV '{prefix}'" in tool.out
    assert tool.err == ""


def test_activate_of_none_prints_no_code(tool: Tool) -> None:
    assert tool("activate", "--shell", "bash") == 20
    assert tool.out == ""
    assert "tfjs-workflow env create tfjs" in tool.err


def test_activate_for_an_unknown_shell_is_refused(tool: Tool, made: Made) -> None:
    made()
    assert tool("activate", "--shell", "tcsh") == 2
    assert "shells: bash, zsh, fish, powershell, cmd" in tool.err


def test_a_stale_one_can_be_entered_and_says_so(tool: Tool, made: Made) -> None:
    made(lock_digest="0" * 64)
    assert tool("activate", "--shell", "bash") == 0
    assert "environment 'tfjs' is stale" in tool.err


def test_a_broken_one_cannot_be_entered(tool: Tool, made: Made) -> None:
    made().python.unlink()
    assert tool("activate", "--shell", "bash") == 20
    assert "make it anew: tfjs-workflow env create tfjs" in tool.err


def test_shell_opens_one_and_passes_its_exit_code_on(made: Made, tmp_path: Path) -> None:
    made("second")
    typed = tmp_path / "typed"
    typed.write_text("python --version\nexit 7\n")
    env = {**os.environ, "HOME": str(tmp_path)}
    with typed.open("rb") as stdin:
        argv = [sys.executable, "-m", "workflow", "env", "shell", "second", "--shell", "bash"]
        process = processes.start(argv, stdin=stdin, env=env, cwd=ROOT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 7, err
    assert b"Python 3.8.20" in out


def test_run_uses_the_programs_of_the_environment(tool: Tool, made: Made) -> None:
    made()
    assert tool("run", "--", "python", "--version") == 0
    assert (tool.out, tool.err) == ("Python 3.8.20\n", "")


def test_run_passes_arguments_on_as_they_are(tool: Tool, made: Made) -> None:
    made("second")
    assert tool("run", "-n", "second", "tensorflowjs_converter", "a b", "--help", "-n", "it's", "") == 0
    assert tool.out.splitlines()[1:] == ["[a b]", "[--help]", "[-n]", "[it's]", "[]"]


def test_run_leaves_a_commands_force_alone(tool: Tool, made: Made) -> None:
    made()
    assert tool("run", "tensorflowjs_converter", "--force", "--") == 0
    assert tool.out.splitlines()[1:] == ["[--force]", "[--]"]


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_run_passes_the_exit_code_on(tool: Tool, made: Made, script: str, code: int) -> None:
    made()
    assert tool("run", "--", "python", "-c", script) == code


def test_run_leaves_standard_input_to_the_command(made: Made, tmp_path: Path) -> None:
    made()
    text = tmp_path / "text"
    text.write_text("one\ntwo\n")
    with text.open("rb") as stdin:
        argv = [sys.executable, "-m", "workflow", "env", "run", "--", "python", "-c", "cat"]
        out, _ = processes.start(argv, stdin=stdin, cwd=ROOT).communicate(timeout=30)
    assert out == b"one\ntwo\n"


def test_run_says_when_a_command_is_not_the_environments_own(tool: Tool, made: Made) -> None:
    made()
    assert tool("run", "--", "echo", "hello") == 0
    assert tool.out == "hello\n"
    assert "echo is not in environment 'tfjs': running /" in tool.err


def test_run_of_a_command_that_is_nowhere_names_the_nearest(tool: Tool, made: Made) -> None:
    made()
    assert tool("run", "--", "tensorflow_converter") == 2
    assert "did you mean tensorflowjs_converter?" in tool.err


def test_run_does_not_lead_python_astray(tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made()
    monkeypatch.setenv("PYTHONPATH", "/wrong")
    assert tool("run", "--", "python", "-c", 'echo "${PYTHONPATH-unset}"') == 0
    assert tool.out == "unset\n"
