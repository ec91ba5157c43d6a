"""A terminal that is closed, and who asks us to end: a run ends as with ^C, and clears up after itself."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow.base import processes
from workflow.base.errors import AskedToEndError, UsageError
from workflow.cli import boundary

if TYPE_CHECKING:
    from pathlib import Path

on_posix = pytest.mark.skipif(os.name != "posix", reason="there are no such signals")
_RUN = """
import os, sys, time
from pathlib import Path
note, terminal = Path(sys.argv[1]), sys.argv[2]
if terminal:
    for descriptor in (0, 1, 2):
        os.dup2(os.open(terminal, os.O_RDWR), descriptor)
from workflow.cli import boundary, main
from workflow.cli.console import ConsoleListener
def run(arguments):
    try:
        note.write_text("at work")
        time.sleep(60)
    finally:
        ConsoleListener().say("clearing up")
        time.sleep(0.3)
        ConsoleListener().warn("still at it")
        note.write_text("cleared up")
main.run = run
sys.exit(boundary.guarded([]))
"""


def started(note: Path, terminal: str = "") -> processes.Process:
    process = processes.start([sys.executable, "-c", _RUN, str(note), terminal], cwd=ROOT)
    end = time.monotonic() + 20
    while not note.exists() or note.read_text() != "at work":
        assert time.monotonic() < end
        time.sleep(0.01)
    return process


@on_posix
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_each_ends_a_run_in_order_and_with_words(tmp_path: Path, number: signal.Signals) -> None:
    process = started(tmp_path / "note")
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (tmp_path / "note").read_text() == "cleared up"
    assert b"clearing up" in err
    assert b"interrupted" in err
    assert b"Traceback" not in err


@on_posix
def test_a_closed_terminal_does_not_disturb_the_clearing_up(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = started(tmp_path / "note", os.ttyname(theirs))
    os.close(theirs)
    os.close(ours)
    assert process.wait(timeout=20) == 130
    process.communicate()
    assert (tmp_path / "note").read_text() == "cleared up"


@on_posix
def test_a_shells_second_hangup_does_not_either(tmp_path: Path) -> None:
    process = started(tmp_path / "note")
    for _ in range(3):
        process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
    process.communicate(timeout=20)
    assert (tmp_path / "note").read_text() == "cleared up"


@on_posix
def test_what_nohup_wants_ignored_is_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = started(tmp_path / "note")
    finally:
        signal.signal(signal.SIGHUP, before)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=20)
    assert (tmp_path / "note").read_text() == "cleared up"


_FOREGROUND = """
import sys
from workflow.base import processes
from workflow.cli import boundary, main
main.run = lambda arguments: processes.run_foreground(["sh", "-c", arguments[0]])
sys.exit(boundary.guarded(sys.argv[1:]))
"""


@on_posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 11), (signal.SIGTERM, 12)])
def test_a_command_in_the_foreground_hears_of_what_was_meant_for_us_alone(number: signal.Signals, code: int) -> None:
    script = "trap 'exit 11' HUP; trap 'exit 12' TERM; echo ready; while :; do sleep 0.05; done"
    process = processes.start([sys.executable, "-c", _FOREGROUND, script], cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.3)  # until it waits
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == code


ERROR = UsageError("it cannot be", hint="do otherwise")
ANSWERED = UsageError("it cannot be", hint="do otherwise")
ANSWERED.answered = True
TOLD = ["error: it cannot be", "what to do: do otherwise"]


@pytest.mark.parametrize(
    ("raised", "words", "code", "told", "is_json"),
    [
        (ERROR, ["plan"], 2, TOLD, False),
        (ERROR, ["plan", "--json"], 2, TOLD, True),
        (ERROR, ["env", "run", "--", "x", "--json"], 2, TOLD, False),
        (ERROR, ["plan", "--json", "--", "x"], 2, TOLD, True),
        (ANSWERED, ["plan", "--json"], 2, TOLD, False),
        (
            KeyboardInterrupt(),
            ["plan"],
            130,
            ["error: interrupted", "what to do: run the same command again: finished steps are kept"],
            False,
        ),
        (SystemExit(7), ["plan", "--json"], 7, [], False),
        (SystemExit(0), ["plan"], 0, [], False),
        (SystemExit("words"), ["plan"], 1, [], False),
        (boundary.ReaderGoneError(), ["plan", "--json"], 141, [], False),
        (BrokenPipeError(), ["plan", "--json"], 141, [], False),
    ],
)
def test_each_way_to_end_has_its_code_and_its_words(
    raised: BaseException,
    words: list[str],
    code: int,
    told: list[str],
    *,
    is_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ending(arguments: object) -> int:
        assert arguments is words
        raise raised

    monkeypatch.setattr("workflow.cli.main.run", ending)
    assert boundary.guarded(words) == code
    printed = capsys.readouterr()
    assert printed.err.splitlines() == told
    assert ([json.loads(printed.out)] if printed.out else []) == ([{"error": ERROR.as_json()}] if is_json else [])


def test_a_program_that_no_longer_reads_does_not_change_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def ending(_: object) -> int:
        raise ERROR

    def unwritable(_: object) -> None:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr("workflow.cli.main.run", ending)
    monkeypatch.setattr("workflow.cli.console.echo_json", unwritable)
    assert boundary.guarded(["plan", "--json"]) == 2


def test_a_code_that_a_command_returns_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.cli.main.run", lambda _: 5)
    assert boundary.guarded([]) == 5


@on_posix
def test_whoever_asks_us_to_end_is_heard_unless_that_is_to_be_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.cli.main.run", lambda _: 0)
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_DFL) for number in numbers]
    try:
        boundary.guarded([])
        assert [signal.getsignal(number) for number in numbers] == [boundary._as_interrupt] * 2
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        boundary.guarded([])
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        with pytest.raises(AskedToEndError) as asked:
            boundary._as_interrupt(signal.SIGTERM, None)
        assert asked.value.number == signal.SIGTERM
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
