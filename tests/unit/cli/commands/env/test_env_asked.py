"""What the ``env`` commands ask of the environments, option by option, and what they say of the answer."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.golden.screens import require_declared
from workflow import environment
from workflow.base.errors import EnvironmentProblem
from workflow.cli.console import ConsoleListener
from workflow.environment import Wishes, activation, claims, removal
from workflow.environment.health import Check
from workflow.environment.pins import regeneration
from workflow.verification.runtimes import package_integrity

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.env.conftest import Made, Tool


@pytest.fixture
def ensured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Wishes]]:
    """Keep what is to be made, which cannot be made."""
    found: list[tuple[str, Wishes]] = []

    def noting(name: str, *, wishes: Wishes, listener: ConsoleListener) -> None:
        found.append((name, wishes))
        listener.say(f"making {name}")
        raise EnvironmentProblem("there is no network")

    monkeypatch.setattr(environment, "ensure", noting)
    return found


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", ("tfjs", Wishes())),
        ("keras3", ("keras3", Wishes())),
        ("mine --as tfjs", ("mine", Wishes())),
        ("--manager conda", ("tfjs", Wishes(manager="conda"))),
        ("--mirror tuna", ("tfjs", Wishes(mirror="tuna"))),
        ("--offline", ("tfjs", Wishes(offline=True))),
        ("--strict", ("tfjs", Wishes(strict=True))),
    ],
)
def test_create_makes_what_is_wished_for(
    words: str, asked: tuple[str, Wishes], tool: Tool, ensured: list[tuple[str, Wishes]]
) -> None:
    assert tool("create", *words.split()) == 20
    assert ensured == [asked]
    assert said(tool) == [f"making {asked[0]}", "error: there is no network"]


def said(tool: Tool) -> list[str]:
    """Return the lines of standard error without the clock."""
    return [line.split("s ", 1)[1] if line.lstrip()[0].isdigit() else line for line in tool.err.splitlines()]


def test_create_checks_one_that_is_there_and_says_what_fails(
    tool: Tool, made: Made, ensured: list[tuple[str, Wishes]]
) -> None:
    prefix = made().prefix
    assert tool("create") == 20
    assert said(tool)[:2] == ["environment 'tfjs' is there; checking it", "making tfjs"]
    (prefix / "bin" / "tensorflowjs_converter").write_text("#!/bin/sh\nexit 1\n")
    assert tool("create") == 20
    assert said(tool)[:3] == [
        "environment 'tfjs' is there; checking it",
        "warning: environment 'tfjs' fails its check 'tensorflowjs_converter -h'; making it anew",
        "making tfjs",
    ]
    assert len(ensured) == 2


@pytest.mark.parametrize(("words", "deep"), [((), False), (("--deep",), True)])
def test_verify_looks_at_every_file_where_it_is_to_be_deep(
    words: tuple[str, ...], *, deep: bool, tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = made("second").prefix.name
    asked: list[Any] = []

    def verified(found: Any, *, deep: bool) -> list[Check]:
        asked.append((found.name, deep, [party.work for party in claims.parties(key)]))
        return [Check("python", "python", 0.0, "ok", "")]

    monkeypatch.setattr(environment, "verify", verified)
    monkeypatch.setattr(package_integrity, "checks", lambda: [Check("packages", "", 0.0, "ok", "")])
    assert tool("verify", "second", "--json", *words) == 0
    assert asked == [("second", deep, ["use"])]
    assert [check["title"] for check in json.loads(tool.out)] == ["python", *(["packages"] if deep else [])]
    assert claims.parties(key) == []


def test_a_shell_is_opened_in_an_environment_that_is_claimed_meanwhile(
    tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = made("second").prefix.name
    opened: list[Any] = []

    def opening(shell: str, target: activation.Target) -> int:
        opened.append((shell, target, [party.work for party in claims.parties(key)]))
        return 7

    monkeypatch.setattr(activation, "open_subshell", opening)
    assert tool("shell", "second", "--shell", "fish") == 7
    entered = environment.find("second")
    assert entered is not None
    assert opened == [("fish", activation.target(entered), ["shell"])]
    assert said(tool) == ["a fish in environment 'second'; exit leaves it"]
    assert claims.parties(key) == []


def test_the_code_to_enter_is_that_of_the_shell_and_the_environment(
    tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = made("second")
    monkeypatch.setenv("SHELL", "/bin/zsh")
    for shell in ("bash", "cmd"):
        assert tool("activate", "second", "--shell", shell) == 0
        chosen = activation.chosen(shell, os.environ)
        assert tool.out == activation.code(chosen, activation.target(entered), environ=os.environ)


@pytest.mark.parametrize(
    ("words", "name", "scope", "forced"),
    [
        ("", None, removal.Scope(everything=False, old=False), False),
        ("tfjs", "tfjs", removal.Scope(everything=False, old=False), False),
        ("--all", None, removal.Scope(everything=True, old=False), False),
        ("--old", None, removal.Scope(everything=False, old=True), False),
        ("--force", None, removal.Scope(everything=False, old=False), True),
    ],
)
def test_remove_takes_what_is_named_and_no_more(
    words: str, name: str | None, scope: removal.Scope, *, forced: bool, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def doomed(*found: Any, listener: ConsoleListener) -> list[str]:
        asked.append((*found, type(listener)))
        return ["one"]

    def remove_all(*found: Any, forced: bool) -> None:
        asked.append((found[0], type(found[1]), forced))

    monkeypatch.setattr(removal, "doomed", doomed)
    monkeypatch.setattr(removal, "remove_all", remove_all)
    assert tool("remove", "-y", *words.split()) == 0
    assert asked == [(name, scope, ConsoleListener), (["one"], ConsoleListener, forced)]


@pytest.mark.parametrize(
    ("words", "upgrade", "conda"),
    [((), False, False), (("--upgrade",), True, False), (("--conda",), False, True)],
)
def test_lock_makes_anew_what_is_stale_or_asked_for(
    words: tuple[str, ...], *, upgrade: bool, conda: bool, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def made(root: Path, **how: Any) -> list[str]:
        asked.append((root, how.pop("listener"), how))
        return ["a.txt", "b.txt"][: 2 if words else 0]

    monkeypatch.setattr(regeneration, "regenerate", made)
    assert tool("lock", *words) == 0
    ((root, listener, how),) = asked
    assert (root, how) == (regeneration.checkout(), {"upgrade": upgrade, "with_conda": conda})
    assert isinstance(listener, ConsoleListener)
    fresh = "all locks are fresh (--upgrade takes newer versions)"
    assert said(tool) == ["made anew: a.txt, b.txt" if words else fresh]


def test_run_asks_for_a_command(tool: Tool, made: Made) -> None:
    made()
    assert tool("run", "--") == 2
    assert "Missing argument '-- COMMAND...'" in tool.err


@pytest.mark.parametrize(("count", "question"), [(1, "Remove?"), (2, "Remove these 2?")])
def test_the_question_counts_what_would_go_and_is_no_part_of_the_output(
    count: int, question: str, tool: Tool, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tfjs", "second")[:count]:
        made(name)
    asked: list[Any] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *words, **how: asked.append((*words, how)))
    assert tool("remove", "--all") == 0
    assert asked == [(question, {"err": True})]


COMMANDS = ("create", "list", "info", "verify", "activate", "shell", "run", "remove", "lock")


def test_what_may_be_typed_is_declared_as_it_was() -> None:
    require_declared("env", *(f"env {command}" for command in COMMANDS))
