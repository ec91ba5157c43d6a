"""fish really sources the code: it enters the environment, and deactivate leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.activation.conftest import RealShell, find_shell
from workflow.environment.activation import Target, code

if TYPE_CHECKING:
    from pathlib import Path

STATE = 'echo "$PATH|$VIRTUAL_ENV|$PYTHONHOME|$PYTHONPATH|$TFJS_WORKFLOW_ENV|"(fish_prompt)'
PROMPT = 'function fish_prompt; echo "at $status > "; end'


@pytest.fixture
def shell(tmp_path: Path) -> RealShell:
    return find_shell("fish", tmp_path)


@pytest.fixture
def enter(target: Target, code_file: Path) -> str:
    code_file.write_text(code("fish", target, environ={}), "utf-8")
    return f"cat {code_file} | source"


def test_python_is_then_the_one_of_the_environment(shell: RealShell, enter: str) -> None:
    assert shell.run(f"{enter}; python --version") == ["Python 3.8.99 of the stub"]


def test_the_prompt_shows_the_name_and_keeps_the_status(shell: RealShell, enter: str) -> None:
    assert shell.run(f"{PROMPT}; {enter}; false; fish_prompt") == ["(tfjs) at 1 > "]


def test_what_stands_behind_it_with_and_is_done(shell: RealShell, enter: str) -> None:
    assert shell.run(f"{enter}; and echo entered; and deactivate; and echo left") == ["entered", "left"]


@pytest.mark.parametrize("variables", [{}, {"CONDA_PREFIX": "/base", "CONDA_DEFAULT_ENV": "base"}])
def test_conda_is_told_which_of_its_environments_this_is_and_afterwards_what_it_was(
    shell: RealShell, of_conda: Target, code_file: Path, variables: dict[str, str]
) -> None:
    code_file.write_text(code("fish", of_conda, environ={}), "utf-8")
    state = 'set -q CONDA_PREFIX; and echo "$CONDA_PREFIX $CONDA_DEFAULT_ENV"; or echo unset'
    before, inside, after = shell.run(f"{state}; cat {code_file} | source; {state}; deactivate; {state}", **variables)
    assert inside == f"{of_conda.prefix} {of_conda.prefix}"
    assert before == after


@pytest.mark.parametrize("variables", [{}, {"VIRTUAL_ENV": "/a venv", "PYTHONPATH": "/p:/q"}], ids=["plain", "inside"])
def test_deactivate_restores_everything(shell: RealShell, enter: str, variables: dict[str, str]) -> None:
    left = "functions -a | grep _tfjs; set --names | grep -i tfjs; true"
    script = f"{PROMPT}; {STATE}; {enter}; deactivate; {STATE}; {left}"
    before, after = shell.run(script, **variables)
    assert before == after


def test_entering_twice_is_undone_by_one_deactivate(shell: RealShell, enter: str) -> None:
    before, inside, after = shell.run(f"{PROMPT}; {STATE}; {enter}; {enter}; {STATE}; deactivate; {STATE}")
    assert before == after
    assert inside.count("(tfjs)") == 1


def test_the_deactivate_of_a_virtual_environment_around_it_comes_back(shell: RealShell, enter: str) -> None:
    script = f"function deactivate; echo left the venv; end; {enter}; deactivate; deactivate"
    assert shell.run(script) == ["left the venv"]
