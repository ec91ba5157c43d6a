"""A terminal with a live line: it receives the escapes that are ours, and no others."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.hostile.letters import COMMANDS, acting
from tests.unit.runs.recipes import recipe_of, shard_step
from workflow.base.errors import ConversionError
from workflow.cli import console
from workflow.cli.screens import LiveScreen
from workflow.runs.tasks import Outcome, tasks_of

if TYPE_CHECKING:
    from collections.abc import Callable

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)|\r")


class Screen(io.StringIO):
    """Takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "4000")
    monkeypatch.delenv("NO_COLOR", raising=False)


def seen(*doings: Callable[[], object]) -> str:
    """Return what a terminal on standard error receives meanwhile."""
    screen = Screen()
    console.error_console.cache_clear()
    with contextlib.redirect_stderr(screen):
        for each in doings:
            each()
    console.error_console.cache_clear()
    return screen.getvalue()


def run_with(text: str, folder: Path) -> None:
    """Go through a step with a live line in which everything that may be said is this text."""
    recipe = recipe_of(folder, shard_step(folder, name=text))
    task = tasks_of(recipe)[0].replaced(runs=True, reasons=(text,))
    live = LiveScreen(recipe)
    live.say(text)
    live.began(task)
    live.say(text)
    live.warn(text)
    live.advance(text, 1, 2)
    sys.stderr.write(f"{text}\n")  # a library that does not know of the live line
    live.ended(Outcome(task, "failed", error=ConversionError(text, hint=text, details=f"more: {text}", log=text)))
    live.began(task)
    live.ended(Outcome(task, "done", facts={"degraded": text, "declined": text, "said": [text]}))
    live.stopped()
    console.show(ConversionError(text, hint=text, details=f"more: {text}", log=text))


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_live_line_shows_hostile_texts_and_no_escape_of_theirs(tmp_path: Path, kind: str) -> None:
    ours = set(_ESCAPE.findall(seen(lambda: run_with("x", tmp_path))))
    assert len(ours) > 5
    found = seen(lambda: run_with(COMMANDS[kind], tmp_path))
    others = set(_ESCAPE.findall(found)) - ours
    assert [each for each in others if not re.fullmatch(r"\x1b\[[0-9;]*m", each)] == []
    assert acting(_ESCAPE.sub("", found)) == []


def test_markup_is_text(tmp_path: Path) -> None:
    text = "[red]x[/red] [/] [link=http://evil.example]y[/link]"
    assert seen(lambda: run_with(text, tmp_path)).count(text) >= 8


def test_a_name_with_lines_in_it_stays_on_its_line() -> None:
    told = seen(lambda: console.show(ConversionError("a\nverdict: passed", hint="b\nverdict: passed")))
    assert len(told.splitlines()) == 2


def test_addresses_in_details_lose_their_secrets() -> None:
    details = "first line\nurl https://me:s3cret@host/p?sig=t0ken failed"
    told = seen(lambda: console.show(ConversionError("x", details=details)))
    assert "url https://host/p?... failed" in told
    assert "s3cret" not in told


def test_every_word_is_said_by_the_console_alone() -> None:
    """What prints past the console prints past what makes text harmless."""
    root = Path(console.__file__).parent
    allowed = {"console.py", "env_screens.py", "main.py", "recipe.py", "streams.py"}
    past = re.compile(r"typer\.echo|sys\.std(?:out|err)\.write|(?<![.\w])print\(")
    found = [path.name for path in root.glob("*.py") if past.search(path.read_text(encoding="utf-8"))]
    assert set(found) - allowed == set()
