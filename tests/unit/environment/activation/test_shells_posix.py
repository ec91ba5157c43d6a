"""bash, zsh and sh really eval the code: they enter the environment, and deactivate leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.activation.conftest import RealShell, find_shell
from workflow.environment.activation import Target, code

if TYPE_CHECKING:
    from pathlib import Path

# a name stands in every scripted state line, so that a lost variable is seen
STATE = 'printf "%s|%s|%s|%s|%s|%s\\n" "$PATH" "$PS1" "${VIRTUAL_ENV-unset}" "${PYTHONHOME-unset}"'
STATE += ' "${PYTHONPATH-unset}" "${TFJS_WORKFLOW_ENV-unset}"'
LEFTOVERS = "(set; typeset -f 2>/dev/null || :) | grep -i '^_tfjs_' || echo clean"


@pytest.fixture(params=["bash", "zsh", "sh"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> RealShell:
    return find_shell(request.param, tmp_path)


@pytest.fixture
def enter(target: Target, code_file: Path) -> str:
    code_file.write_text(code("bash", target, environ={}), "utf-8")
    return f'eval "$(cat {code_file})"'


def test_python_is_then_the_one_of_the_environment(shell: RealShell, enter: str) -> None:
    assert shell.run(f"{enter}; python --version") == ["Python 3.8.99 of the stub"]


def test_the_prompt_and_variables_show_the_environment(shell: RealShell, enter: str, target: Target) -> None:
    (line,) = shell.run(f"PS1='$ '; {enter}; {STATE}", PYTHONHOME="/wrong", VIRTUAL_ENV="/venv")
    assert line == f"{target.prefix}/bin:/usr/bin:/bin|(tfjs) $ |unset|unset|unset|{target.prefix}"


def test_it_is_passed_on_to_the_commands_of_the_shell(shell: RealShell, enter: str, target: Target) -> None:
    script = f"{enter}; sh -c 'python --version; echo \"$TFJS_WORKFLOW_ENV\"'"
    assert shell.run(script) == ["Python 3.8.99 of the stub", str(target.prefix)]


@pytest.mark.parametrize(
    "variables",
    [{}, {"VIRTUAL_ENV": "/a venv", "PYTHONHOME": "", "PYTHONPATH": "/p:/q"}],
    ids=["plain", "inside another"],
)
def test_deactivate_restores_everything(shell: RealShell, enter: str, variables: dict[str, str]) -> None:
    script = f"PS1='it is \\w $ '; {STATE}; {enter}; deactivate; {STATE}; {LEFTOVERS}"
    before, after, rest = shell.run(script, **variables)
    assert before == after
    assert rest == "clean"


@pytest.mark.parametrize("variables", [{}, {"CONDA_PREFIX": "/base", "CONDA_DEFAULT_ENV": "base", "CONDA_SHLVL": "1"}])
def test_conda_is_told_which_of_its_environments_this_is_and_afterwards_what_it_was(
    shell: RealShell, of_conda: Target, code_file: Path, variables: dict[str, str]
) -> None:
    code_file.write_text(code("bash", of_conda, environ={}), "utf-8")
    state = 'echo "${CONDA_PREFIX-unset} ${CONDA_DEFAULT_ENV-unset} ${CONDA_SHLVL-unset}"'
    script = f'{state}; eval "$(cat {code_file})"; {state}; deactivate; {state}; {LEFTOVERS}'
    before, inside, after, rest = shell.run(script, **variables)
    level = variables.get("CONDA_SHLVL", "unset")
    assert inside == f"{of_conda.prefix} {of_conda.prefix} {level}"
    assert (before, rest) == (after, "clean")


def test_a_virtual_environment_says_nothing_to_conda(shell: RealShell, enter: str) -> None:
    assert shell.run(f'{enter}; echo "$CONDA_PREFIX"', CONDA_PREFIX="/base") == ["/base"]


def test_entering_twice_is_undone_by_one_deactivate(shell: RealShell, enter: str) -> None:
    before, inside, after = shell.run(f"PS1='$ '; {STATE}; {enter}; {enter}; {STATE}; deactivate; {STATE}")
    assert before == after
    assert inside.count("(tfjs)") == 1


def test_another_environment_takes_the_place_of_the_first(
    shell: RealShell, enter: str, another: Target, tmp_path: Path
) -> None:
    (tmp_path / "other").write_text(code("bash", another, environ={}), "utf-8")
    script = f"PS1='$ '; {STATE}; {enter}; eval \"$(cat {tmp_path}/other)\"; {STATE}; deactivate; {STATE}"
    before, inside, after = shell.run(script)
    assert inside.split("|")[:2] == [f"{another.prefix}/bin:/usr/bin:/bin", "(other) $ "]
    assert before == after


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_the_deactivate_of_a_virtual_environment_around_it_comes_back(name: str, tmp_path: Path, enter: str) -> None:
    shell = find_shell(name, tmp_path)
    outer = "deactivate() { echo 'left the venv'; unset VIRTUAL_ENV; }; VIRTUAL_ENV=/venv"
    script = f'{outer}; {enter}; deactivate; echo "$VIRTUAL_ENV"; deactivate; echo "${{VIRTUAL_ENV-unset}}"'
    assert shell.run(script) == ["/venv", "left the venv", "unset"]


def test_the_deactivate_of_a_virtual_environment_entered_inside_leaves_ours_first(shell: RealShell, enter: str) -> None:
    # a venv's own activate begins with this call
    assert shell.run(f"{enter}; deactivate nondestructive; echo $PATH") == ["/usr/bin:/bin"]


def test_it_works_under_strict_settings_and_without_a_prompt(shell: RealShell, enter: str) -> None:
    script = f'set -eu; unset PS1; {enter}; {enter}; deactivate; echo "${{PS1-none}}"'
    assert shell.run(script) == ["none"]


def test_a_subprocess_that_enters_again_leaves_to_where_it_began(shell: RealShell, enter: str) -> None:
    inner = f'echo "$PATH"; {enter}; deactivate; echo "$PATH"'
    before, after = shell.run(f"{enter}; export INNER='{inner}'; sh -c 'eval \"$INNER\"'")
    assert before == after
