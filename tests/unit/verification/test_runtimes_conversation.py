"""The line to a runtime's process: answers, named failures, and a fresh process after whatever went wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.verification.requests import RuntimeFailure
from workflow.verification.runtimes.conversation import Conversation, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("scripted_runtime.py")


def conversation(folder: Path, manner: str = "good") -> Conversation:
    argv = [sys.executable, str(SCRIPT), manner]
    return Conversation(Program(lambda _scratch: argv, os.environ, folder / "runtime.log"))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Conversation]:
    made = conversation(tmp_path)
    yield made
    made.close()


def test_one_process_answers_many_requests(line: Conversation) -> None:
    assert line.pid is None
    first, second = line.ask({}, timeout=30), line.ask({}, timeout=30)
    assert first["pid"] == second["pid"] == line.pid
    assert line.ready() == {"event": "ready", "versions": {"script": "1"}}


def test_its_log_begins_with_the_command(line: Conversation, tmp_path: Path) -> None:
    line.ask({}, timeout=30)
    assert (tmp_path / "runtime.log").read_text().splitlines()[0] == f"+ {sys.executable} {SCRIPT} good"


def test_its_temporary_folder_goes_with_it(line: Conversation) -> None:
    scratch = Path(line.ask({}, timeout=30)["tmp"])
    assert scratch.is_dir()
    line.close()
    assert not scratch.exists()
    assert line.pid is None


def test_a_named_failure_is_raised_and_the_process_stays(line: Conversation) -> None:
    pid = line.ask({}, timeout=30)["pid"]
    with pytest.raises(RuntimeFailure, match="it does not fit") as caught:
        line.ask({"do": "fail"}, timeout=30)
    assert caught.value.kind == "shape"
    assert line.pid == pid


BAD_ENDS = {"spend": "memory", "garble": "crash", "exit": "crash", "hang": "timeout"}


@pytest.mark.parametrize(("deed", "kind"), BAD_ENDS.items(), ids=BAD_ENDS.keys())
def test_after_a_bad_end_the_next_request_has_a_fresh_process(line: Conversation, deed: str, kind: str) -> None:
    pid = line.ask({}, timeout=30)["pid"]
    with pytest.raises(RuntimeFailure) as caught:
        line.ask({"do": deed}, timeout=0.5 if deed == "hang" else 30)
    assert caught.value.kind == kind
    assert line.pid is None
    assert line.ask({}, timeout=30)["pid"] != pid


def test_a_crash_tells_its_code_and_log(line: Conversation, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match="code 7") as caught:
        line.ask({"do": "exit"}, timeout=30)
    assert str(tmp_path / "runtime.log") in caught.value.message


@pytest.mark.parametrize(("manner", "words"), [("broken", "no display"), ("dead", "code 9"), ("slow", "within 0.5 s")])
def test_what_does_not_start_says_so(tmp_path: Path, manner: str, words: str) -> None:
    made = conversation(tmp_path, manner)
    with pytest.raises(RuntimeFailure, match=words) as caught:
        made.ready(timeout=0.5 if manner == "slow" else 30)
    assert caught.value.kind == "start"
    assert made.pid is None


def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    made = Conversation(Program(lambda _scratch: [str(tmp_path / "nothing")], {}, tmp_path / "log"))
    with pytest.raises(RuntimeFailure, match="does not start: No such file"):
        made.ready()
