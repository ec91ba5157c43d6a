"""env create, remove and lock, as far as they go without a network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from workflow.base import locations
from workflow.base.events import Silent
from workflow.environment import claims
from workflow.environment.pins import regeneration

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.env.conftest import Made, Tool


def test_create_of_a_ready_one_says_how_to_enter_and_leave(
    tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.environment.activation.chosen", lambda *_: "zsh")
    prefix = made("second", caveats=("no conda environment",)).prefix
    assert tool("create", "second") == 0
    assert tool.out.splitlines() == [
        "environment second is ready: Python 3.8.20, made by embedded",
        f"  place:  {prefix}",
        "  note:   no conda environment",
        '  enter:  eval "$(tfjs-workflow env activate second)"',
        "  leave:  deactivate",
        "  or run: tfjs-workflow env run -n second -- tensorflowjs_converter --help",
    ]


def test_create_strictly_refuses_one_with_caveats(tool: Tool, made: Made) -> None:
    made(caveats=("no conda environment",))
    assert tool("create", "--strict") == 26


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--manager", "micromaba", "did you mean 'micromamba'?"),
        ("--mirror", "ftp://x", "there is no mirror 'ftp://x'"),
    ],
)
def test_create_refuses_what_cannot_be(tool: Tool, option: str, value: str, words: str) -> None:
    assert tool("create", option, value) == 2
    assert words in tool.err


def test_remove_without_a_terminal_to_ask_on_removes_nothing(tool: Tool, made: Made) -> None:
    prefix = made().prefix
    assert tool("remove") == 2
    assert "nothing was removed" in tool.err
    assert "--yes" in tool.err
    assert prefix.exists()


def test_remove_with_yes_removes_one(tool: Tool, made: Made) -> None:
    one, other = made().prefix, made("other").prefix
    assert tool("remove", "--yes") == 0
    assert not one.exists()
    assert other.exists()


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_remove_asks_on_a_terminal(
    tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch, *, answer: str, gone: bool
) -> None:
    prefix = made().prefix
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: answer == "y\n")
    assert tool("remove") == 0
    assert prefix.exists() != gone


def test_remove_all_takes_partial_ones_and_leaves_foreign_ones(
    tool: Tool, made: Made, partial: Path, foreign: Path
) -> None:
    prefix = made().prefix
    assert tool("remove", "--all", "--yes") == 0
    assert not prefix.exists()
    assert not partial.exists()
    assert (foreign / "precious.txt").read_text() == "mine"
    assert "was not made by this tool and stays" in tool.err


def test_remove_all_of_none_is_no_error(tool: Tool) -> None:
    assert tool("remove", "--all") == 0
    assert "there is no environment to remove" in tool.err


def test_remove_of_a_foreign_one_is_refused(tool: Tool, foreign: Path) -> None:
    assert tool("remove", "mine", "--yes") == 25
    assert (foreign / "precious.txt").exists()


def test_remove_takes_a_name_or_all(tool: Tool, made: Made) -> None:
    prefix = made().prefix
    assert tool("remove", "tfjs", "--all", "--yes") == 2
    assert prefix.exists()


@pytest.mark.parametrize("name", ["../envs", "/etc", "..", "a/b", ""])
def test_remove_of_what_cannot_be_a_name_is_refused(tool: Tool, made: Made, name: str) -> None:
    prefix = made().prefix
    assert tool("remove", "--yes", "--", name) == 2
    assert prefix.exists()


def test_remove_of_the_active_one_says_to_leave_it(tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFJS_WORKFLOW_ENV", str(made().prefix))
    assert tool("remove", "--yes") == 0
    assert "type deactivate" in tool.err


def test_lock_check_is_fine_when_all_are_fresh(tool: Tool) -> None:
    assert tool("lock", "--check") == 0
    assert "all locks are fresh" in tool.err


def test_lock_check_names_what_is_stale(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regeneration, "staleness", lambda _: ["requirements/x.txt: was edited by hand"])
    assert tool("lock", "--check") == 20
    assert "requirements/x.txt: was edited by hand" in tool.err
    assert "tfjs-workflow env lock" in tool.err


def test_lock_with_fresh_locks_makes_nothing(tool: Tool) -> None:
    assert tool("lock") == 0
    assert "all locks are fresh" in tool.err


def test_lock_needs_a_checkout(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "project_file", lambda name: tmp_path / name)
    assert tool("lock") == 2
    assert "is no checkout of the project" in tool.err


def test_lock_with_conda_needs_conda_lock(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tool("lock", "--conda") == 20
    assert "conda-lock program, which is not on PATH" in tool.err


def test_a_name_that_nobody_knows_is_made_only_when_it_is_meant(tool: Tool, made: Made) -> None:
    assert tool("create", "tfsj") == 2
    assert "there is no environment named 'tfsj'; did you mean 'tfjs'?" in tool.err
    assert "tfjs-workflow env create tfsj --as tfjs" in tool.err
    assert tool("create", "mine") == 2
    made("mine")
    assert tool("create", "mine") == 0


@pytest.mark.parametrize("arguments", [("mine", "--as", "keras3"), ("keras3", "--as", "tfjs"), ("mine", "--as", "x")])
def test_there_is_one_sort_of_further_environments(tool: Tool, arguments: tuple[str, ...]) -> None:
    assert tool("create", *arguments) == 2
    assert "there is one sort that may have other names, tfjs" in tool.err


@pytest.mark.parametrize("arguments", [("create", "tfjs@0123"), ("create", "tfjs@0123", "--as", "tfjs")])
def test_a_lock_cannot_be_chosen_for_a_new_one(tool: Tool, arguments: tuple[str, ...]) -> None:
    assert tool(*arguments) == 2
    assert "cannot be the name of an environment" in tool.err


def test_remove_old_takes_those_of_other_checkouts_and_leaves_ours(tool: Tool, made: Made) -> None:
    ours, other, further = (
        made().prefix,
        made("other", lock_digest="0" * 64).prefix,
        made("x", lock_digest="1" * 64).prefix,
    )
    assert tool("remove", "--old", "other", "--yes") == 0
    assert (ours.exists(), other.exists(), further.exists()) == (True, False, True)
    assert tool("remove", "--old", "--yes") == 0
    assert (ours.exists(), further.exists()) == (True, False)
    assert tool("remove", "--old") == 0
    assert "no environment of other checkouts" in tool.err
    assert tool("remove", "--old", "--all") == 2


def test_remove_of_one_of_another_checkout_takes_its_lock_to_name_it(tool: Tool, made: Made) -> None:
    other = made("other", lock_digest="0" * 64).prefix
    assert tool("remove", "other", "--yes") == 20
    assert "only of others: other@000000000000" in tool.err
    assert tool("remove", "other@00", "--yes") == 0
    assert not other.exists()


def test_remove_of_one_in_use_names_who_uses_it_and_takes_force(tool: Tool, made: Made) -> None:
    prefix = made().prefix
    claim = claims.use(prefix.name, Silent())
    assert tool("remove", "--yes") == 20
    assert f"is in use by process {os.getpid()} (" in tool.err
    assert tool("list") == 0
    assert f"tfjs: in use by process {os.getpid()} (" in tool.out
    assert tool("remove", "--yes", "--force") == 0
    claim.release()
    assert not prefix.exists()
