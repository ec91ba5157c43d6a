"""The line of the step that runs, on a terminal and elsewhere."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from workflow.base.errors import ModelFileError
from workflow.cli import console, screens
from workflow.recipe import load
from workflow.runs import planning
from workflow.runs.tasks import Outcome, Selection

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Recipe


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    path = tmp_path / "one.yml"
    path.write_text("steps:\n  - python_to_js: {input: a.h5, output: data/web}\n")
    return load(path, check_files=False)


def test_the_live_line_says_what_goes_on_also_where_nothing_is_counted(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Console(force_terminal=True, width=120)
    monkeypatch.setattr(screens, "error_console", lambda: terminal)
    screen = screens.LiveScreen(recipe)
    screen.began(planning.plan(recipe, Selection(), environment="")[0])
    screen.advance("weights", 9500, 9500)
    screen.advance("verifying in browser (webgl)", 0, 0)
    with terminal.capture() as shown:
        screen.stopped()
    assert "verifying in browser (webgl)" in shown.get()
    assert "9.5 kB" not in shown.get()


def test_elsewhere_what_is_not_counted_is_no_line(
    recipe: Recipe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_PROGRESS_EVERY_SECONDS", 0.0)
    console.error_console.cache_clear()
    screen = screens.PlainScreen(recipe)
    for _ in range(2):
        screen.advance("verifying", 0, 0)
        screen.advance("weights", 5, 10)
    console.error_console.cache_clear()
    err = capsys.readouterr().err
    assert "weights: 5 B of 10 B" in err
    assert "verifying" not in err


def test_elsewhere_a_step_that_begins_is_named_with_its_reason(
    recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    console.error_console.cache_clear()
    decisions = planning.plan(recipe, Selection(), environment="")
    screen = screens.PlainScreen(recipe)
    screen.planned(decisions)
    screen.began(decisions[0])
    console.error_console.cache_clear()
    lines = [line.split("s ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["one.yml: 1 of 1 steps to run", "python_to_js: not made yet"]


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("conda packages installed", "5 of 27"),
        ("conda packages downloaded", "5 of 27"),
        ("weights", "5 B of 27 B"),
        ("bytes downloaded", "5 B of 27 B"),
    ],
)
def test_packages_are_counted_and_all_else_is_bytes(what: str, shown: str) -> None:
    assert console.amount(what, 5, 27) == shown


def test_the_clock_of_progress_starts_anew_with_the_next_step(
    recipe: Recipe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("workflow.cli.console.time.monotonic", lambda: clock[0])
    console.error_console.cache_clear()
    screen = screens.PlainScreen(recipe)
    for now, done in ((0.0, 5), (1.0, 10), (60.0, 3), (61.0, 10), (63.0, 11)):
        clock[0] = now
        screen.advance("weights", done, 20)
    console.error_console.cache_clear()
    assert [line.split("s ")[1] for line in capsys.readouterr().err.splitlines()] == ["weights: 11 B of 20 B"]


def test_names_that_look_like_emoji_codes_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console.error_console.cache_clear()
    console.ConsoleListener().warn("the weight block:key:0 is constant")
    console.ConsoleListener().say("reading model:key:.h5")
    shown = capsys.readouterr().err
    assert "block:key:0" in shown
    assert "model:key:.h5" in shown


@pytest.mark.parametrize(
    ("details", "counted"),
    [("w.bin is short", 1), ("w.bin is short\nv.bin is short", 2), ("", 1)],
)
def test_details_are_shown_where_they_say_more_than_the_message(
    details: str, counted: int, capsys: pytest.CaptureFixture[str]
) -> None:
    console.error_console.cache_clear()
    console.show(ModelFileError("model.json: w.bin is short", hint="Get it", details=details))
    console.error_console.cache_clear()
    err = capsys.readouterr().err
    assert (err.count("w.bin is short"), "v.bin" in err) == (counted, counted > 1)


def shown_live(recipe: Recipe, monkeypatch: pytest.MonkeyPatch, *news: object) -> str:
    """Return the live line after some news: texts that are said, and figures of what goes on."""
    terminal = Console(force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr(screens, "error_console", lambda: terminal)
    screen = screens.LiveScreen(recipe)
    screen.began(planning.plan(recipe, Selection(), environment="")[0])
    for each in news:
        screen.say(each) if isinstance(each, str) else screen.advance(*each)  # type: ignore[misc]
    progress = screen._progress
    assert progress is not None
    assert progress.live.transient
    running = [progress.live.is_started]
    paper = Console(file=io.StringIO(), width=120)
    with paper.capture() as shown:
        paper.print(progress.get_renderable())
    screen.stopped()
    assert [*running, progress.live.is_started] == [True, False]
    return " ".join(shown.get().split()[1:])  # behind the spinner


@pytest.mark.parametrize(
    ("news", "shown"),
    [
        ((), "not made yet"),
        (("warming up [dim]::x",), "warming up [dim]::x"),
        (("one", "two\nthree"), r"two\nthree"),
        ((("weights", 5, 10),), "weights 5 B of 10 B"),
        ((("weights", 5, 0),), "weights 5 B"),
        ((("weights", 0, 10),), "weights 0 B of 10 B"),
        ((("weights", 5, 10), ("verifying in node", 0, 0)), "verifying in node"),
        ((("weights", 5, 10), "said later"), "said later"),
    ],
)
def test_the_live_line_has_the_step_its_time_and_the_latest_news(
    news: tuple[object, ...], shown: str, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown_live(recipe, monkeypatch, *news) == f"python_to_js 0:00:00 {shown}"


def test_a_failure_is_shown_whole_as_soon_as_its_step_has_ended(
    recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    (task,) = planning.plan(recipe, Selection(), environment="")
    error = ModelFileError("it is broken", hint="mend it", log="/log")
    told = ["error: it is broken", "what to do: mend it", "log: /log"]
    for screen, first in (
        (screens.QuietScreen(), []),
        (screens.JsonScreen(), []),
        (screens.PlainScreen(recipe), [f"{screens._MARKS['failed'][0]} python_to_js: failed after 0.0 s"]),
        (screens.LiveScreen(recipe), [f"{screens._MARKS['failed'][0]} python_to_js: failed after 0.0 s"]),
    ):
        console.error_console.cache_clear()
        screen.ended(Outcome(task, "failed", error=error))
        lines = [
            line.split("s ", 1)[1] if line.startswith("  ") else line for line in capsys.readouterr().err.splitlines()
        ]
        assert lines == [*first, *told]
    console.error_console.cache_clear()
