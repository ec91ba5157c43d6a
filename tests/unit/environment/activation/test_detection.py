"""Which shell is meant, and what its user is told to type."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.activation.conftest import find_shell
from workflow.base import processes
from workflow.base.errors import UsageError
from workflow.environment import activation
from workflow.environment.activation import detection

if TYPE_CHECKING:
    from pathlib import Path

ASK = "import os; from workflow.environment.activation.detection import detect; print(detect(os.environ))"


@pytest.mark.parametrize(("text", "shell"), [("bash", "bash"), ("ZSH", "zsh"), ("pwsh", "powershell"), ("sh", "bash")])
def test_a_shell_is_known_by_its_names(text: str, shell: str) -> None:
    assert activation.chosen(text, {}) == shell


def test_an_unknown_shell_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no code for 'tcsh'") as caught:
        activation.chosen("tcsh", {})
    assert "bash, zsh, fish, powershell, cmd" in caught.value.hint


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_shell_that_asks_is_found_whatever_is_the_users_own(name: str, tmp_path: Path) -> None:
    shell = find_shell(name, tmp_path)
    # a command after it, or the shell gives its process away
    done = processes.run([shell.path, "-c", f"'{sys.executable}' -c '{ASK}'; true"], env={"SHELL": "/bin/tcsh"})
    assert done.stdout.strip() == name, done


def test_behind_a_plain_sh_it_is_the_users_own() -> None:
    done = processes.run(["sh", "-c", f"'{sys.executable}' -c '{ASK}'; true"], env={"SHELL": "/usr/bin/fish"})
    assert done.stdout.strip() == "fish", done


def test_without_a_shell_above_it_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_ancestors", lambda _: iter(["cron", "init"]))
    assert detection.detect({"SHELL": "/usr/local/bin/zsh"}) == "zsh"
    with pytest.raises(UsageError, match=r"cannot tell which shell this is \(\$SHELL is '/bin/tcsh'\)"):
        detection.detect({"SHELL": "/bin/tcsh"})


@pytest.mark.parametrize("shell", activation.SHELLS)
def test_each_shell_has_a_line_to_type_that_names_the_environment(shell: activation.ShellName) -> None:
    assert "tfjs-workflow env activate mine" in activation.line(shell, "mine")


def test_the_line_names_the_tool_as_it_was_called_when_it_is_not_on_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["my folder/.venv/bin/tfjs-workflow", "env", "create"])
    assert activation.line("bash", "tfjs") == "eval \"$('my folder/.venv/bin/tfjs-workflow' env activate tfjs)\""
    assert activation.line("powershell", "tfjs").startswith("& 'my folder/")


def test_a_shell_that_nobody_names_is_the_one_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_ancestors", lambda _: iter(["python", "zsh", "bash"]))
    assert activation.chosen(None, {"SHELL": "/bin/fish"}) == "zsh"
    monkeypatch.setattr(detection, "_ancestors", lambda _: iter(["make", "sh"]))
    assert activation.chosen(None, {"SHELL": "/bin/fish"}) == "fish"
    assert activation.chosen(None, {"SHELL": "/bin/tcsh"}) == "bash"


def test_a_program_is_known_by_its_bare_name() -> None:
    names = ("-zsh", "/bin/zsh", "/Bin/ZSH", "zsh.exe", "/usr/local/bin/pwsh.EXE", "")
    assert [detection.program(name) for name in names] == ["zsh", "zsh", "zsh", "zsh", "pwsh", ""]
