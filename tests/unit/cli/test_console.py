"""The two consoles: how wide they are, where they write, and what of what is printed reaches the stream."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.text import Text

from workflow.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def new_consoles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    console.console.cache_clear()
    console.error_console.cache_clear()
    yield
    console.console.cache_clear()
    console.error_console.cache_clear()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_logs_and_pipes_are_120_wide_unless_they_say_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert console._width(io.StringIO()) == 120
    assert console._width(Terminal()) is None
    monkeypatch.setenv("COLUMNS", "90")
    assert console._width(io.StringIO()) is None
    assert console.console().width == 90


def test_each_console_writes_to_its_own_stream_as_it_is_at_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    console.console().print("result")
    console.error_console().print("news")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("result\n", "news\n")
    assert console.console() is console.console()
    assert console.error_console() is console.error_console()


def test_text_is_text_and_no_line_of_it_is_folded(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("[bold]b[/bold] :smile: https://host/a 1.5 'x'", "x" * 500):
        console.console().print(text)
        assert capsys.readouterr().out == f"{text}\n"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("::error::x", r"\::error::x"),
        ("a\n##[group]b", "a\n" + r"#\#[group]b"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("see https://me:s3cret@host/a?t0ken now", "see https://host/a?... now"),
        (Text("\x1b[31m::x", style="bold"), r"\x1b[31m::x"),
    ],
)
def test_nothing_that_is_printed_acts(printed: object, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.console().print(printed)
    assert capsys.readouterr().out == f"{shown}\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand\x00more", r"two\nlines\tand\x00more"),
        ("::x", "::x"),
        ("##x", "##x"),
        ("caf\u00e9 \u6a21", "caf\u00e9 \u6a21"),
        ("https://me:s3cret@host/a", "https://host/a"),
        (5, "5"),
    ],
)
def test_text_from_elsewhere_is_one_line(text: object, shown: str) -> None:
    assert console.line(text) == shown


def test_what_was_quiet_for_two_seconds_is_told_and_the_clock_starts_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [10.0]
    monkeypatch.setattr("workflow.cli.console.time.monotonic", lambda: clock[0])
    listener = console.ConsoleListener()
    for now, what, done in (
        (9.0, "weights", 0),
        (10.0, "weights", 1),
        (11.99, "weights", 1),
        (12.0, "weights", 2),
        (13.9, "weights", 3),
        (13.9, "bytes downloaded", 3),
        (14.0, "weights", 3),
        (15.89, "bytes downloaded", 3),
        (16.0, "bytes downloaded", 4),
    ):
        clock[0] = now
        listener.advance(what, done, 0)
    assert capsys.readouterr().err.splitlines() == [
        "   2.0s weights: 2 B",
        "   4.0s weights: 3 B",
        "   6.0s bytes downloaded: 4 B",
    ]
