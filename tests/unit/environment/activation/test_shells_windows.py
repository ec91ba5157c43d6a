"""The code for PowerShell and cmd, which are not there to run it on most machines: what it says, and how it quotes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import cast

import pytest

from tests.unit.environment.activation.conftest import find_shell
from workflow.base import processes
from workflow.environment.activation import Target, code

PREFIX = PureWindowsPath(r"C:\Users\it's Zoë\envs\tfjs")
WINDOWS = Target("tfjs", cast("Path", PREFIX), (cast("Path", PREFIX), cast("Path", PREFIX / "Scripts")))
BEFORE = {"PATH": r"C:\Windows", "PROMPT": "$P$G", "PYTHONHOME": r"C:\wrong"}


def settings(text: str) -> dict[str, str]:
    lines = [line.removeprefix('set "').removesuffix('"') for line in text.splitlines() if line.startswith("set ")]
    return dict(line.split("=", 1) for line in lines)


def test_cmd_sets_paths_and_prompt_and_keeps_the_old_ones() -> None:
    found = settings(code("cmd", WINDOWS, environ=BEFORE))
    assert found["PATH"] == rf"{PREFIX};{PREFIX}\Scripts;C:\Windows"
    assert found["PROMPT"] == "(tfjs) $P$G"
    assert found["PYTHONHOME"] == ""
    assert found["TFJS_WORKFLOW_ENV"] == str(PREFIX)
    assert (found["_TFJS_OLD_PATH"], found["_TFJS_OLD_PYTHONHOME"]) == (r"C:\Windows", r"C:\wrong")


def test_cmd_entered_twice_keeps_what_was_before_the_first() -> None:
    once = settings(code("cmd", WINDOWS, environ=BEFORE))
    assert settings(code("cmd", WINDOWS, environ={**BEFORE, **once})) == once


@pytest.mark.parametrize("before", [{}, {"CONDA_PREFIX": r"C:\base", "CONDA_DEFAULT_ENV": "base"}])
def test_cmd_tells_conda_which_environment_this_is_and_deactivate_what_it_was(before: dict[str, str]) -> None:
    target = replace(WINDOWS, is_of_conda=True)
    text = code("cmd", target, environ={**BEFORE, **before})
    found = settings(text)
    assert found["CONDA_PREFIX"] == found["CONDA_DEFAULT_ENV"] == str(PREFIX)
    undone = 'set "CONDA_PREFIX=%_TFJS_OLD_CONDA_PREFIX%"' if before else 'set "CONDA_PREFIX="'
    assert undone in text.splitlines()[-1]
    again = {name: value for name, value in {**BEFORE, **found}.items() if value}  # one set to nothing is not set
    assert settings(code("cmd", target, environ=again)) == found


def test_powershell_keeps_and_sets_the_variables_of_conda() -> None:
    text = code("powershell", replace(WINDOWS, is_of_conda=True), environ={})
    assert "foreach ($name in 'TFJS_WORKFLOW_ENV', 'CONDA_PREFIX', 'CONDA_DEFAULT_ENV', 'PATH'," in text
    assert r"$env:CONDA_PREFIX = 'C:\Users\it''s Zoë\envs\tfjs'" in text


def test_cmd_has_a_deactivate_that_puts_all_back_and_forgets_itself() -> None:
    macro = code("cmd", WINDOWS, environ=BEFORE).splitlines()[-1]
    assert macro.startswith('doskey deactivate=set "PATH=%_TFJS_OLD_PATH%" $T ')
    assert 'set "PYTHONHOME=%_TFJS_OLD_PYTHONHOME%"' in macro
    assert 'set "TFJS_WORKFLOW_ENV="' in macro
    assert macro.endswith("$T doskey deactivate=")


def test_powershell_quotes_the_paths() -> None:
    text = code("powershell", WINDOWS, environ={})
    assert r"$env:TFJS_WORKFLOW_ENV = 'C:\Users\it''s Zoë\envs\tfjs'" in text
    assert "conda" not in text


def test_powershell_really_runs_it(target: Target, tmp_path: Path) -> None:
    shell = find_shell("pwsh", tmp_path)
    script = tmp_path / "test.ps1"
    body = code("powershell", target, environ={})
    script.write_text(f"$before = $env:PATH\n{body}\n{body}\npython --version\ndeactivate\n$env:PATH -eq $before\n")
    done = processes.run([shell.path, "-NoProfile", "-File", str(script)], timeout=60)
    assert done.stdout.split("\n")[:2] == ["Python 3.8.99 of the stub", "True"]


@pytest.mark.parametrize("shell", ["powershell", "cmd"])
def test_no_code_asks_for_conda_init(shell: str) -> None:
    assert "conda" not in code("cmd" if shell == "cmd" else "powershell", WINDOWS, environ=BEFORE)
