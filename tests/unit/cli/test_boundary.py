"""A terminal that is closed, and who asks us to end: a run ends as with ^C, and clears up after itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow.base import processes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such signals")
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


def test_a_closed_terminal_does_not_disturb_the_clearing_up(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = started(tmp_path / "note", os.ttyname(theirs))
    os.close(theirs)
    os.close(ours)
    assert process.wait(timeout=20) == 130
    process.communicate()
    assert (tmp_path / "note").read_text() == "cleared up"


def test_a_shells_second_hangup_does_not_either(tmp_path: Path) -> None:
    process = started(tmp_path / "note")
    for _ in range(3):
        process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
    process.communicate(timeout=20)
    assert (tmp_path / "note").read_text() == "cleared up"


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
