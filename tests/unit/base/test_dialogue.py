"""The line to a process that a stranger's code may have taken over: what it sends takes no more than it may."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from workflow.base import dialogue
from workflow.base.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MANY = "import sys\nwhile True: sys.stdout.write('x' * 8_000_000 + chr(10))"
_ANSWERS = "import sys\nsys.stdin.readline()\nprint({}, flush=True)\nsys.stdin.read()"


def begun(program: str, folder: Path) -> dialogue.Dialogue:
    return dialogue.begin(lambda _: [sys.executable, "-I", "-c", program], environ=dict(os.environ), log=folder / "log")


def test_of_long_lines_that_nobody_asked_for_only_one_is_kept(tmp_path: Path) -> None:
    line = begun(_MANY, tmp_path)
    try:
        time.sleep(1.5)
        assert line._lines.qsize() == 1
    finally:
        line.close(patience=0, grace=1)


@pytest.mark.parametrize(
    "answer",
    [
        """'{"id": 1, "ok": true, "result": {"a": [' + '[],' * 2_000_000 + '[]]}}'""",
        """'{"id": 1, "ok": true, "result": {"a": [' + '{},' * 2_000_000 + '{}]}}'""",
        """'{"id": 1, "ok": true, "result": {"a": [' + '1,' * 12_000_000 + '1]}}'""",
    ],
)
def test_an_answer_of_very_many_pieces_is_none(tmp_path: Path, answer: str) -> None:
    line = begun(_ANSWERS.format(answer), tmp_path)
    try:
        with pytest.raises(dialogue.HungUpError):
            line.ask({}, timeout=20)
    finally:
        line.close(patience=0, grace=1)


def test_an_answer_of_a_usual_kind_is_taken_whole(tmp_path: Path) -> None:
    line = begun(_ANSWERS.format("""'{"id": 1, "a": [' + '[1],' * 100_000 + '[]]}'"""), tmp_path)
    try:
        assert len(line.ask({}, timeout=20)["a"]) == 100_001
    finally:
        line.close(patience=0, grace=1)


_TALKS = """
import json, os, sys
tmp = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP")]
print(json.dumps({"event": "ready", "tmp": tmp, "at": os.getcwd()}), flush=True)
print("to the log", file=sys.stderr, flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": 0, "of": "another"}), flush=True)
    for text in asked.get("news", []):
        print(json.dumps({"id": asked["id"], "progress": text}), flush=True)
    if asked.get("end") is not None:
        os._exit(asked["end"])
    print(json.dumps({"id": asked["id"], "asked": asked}), flush=True)
"""


@pytest.fixture
def talking(tmp_path: Path) -> Iterator[dialogue.Dialogue]:
    line = begun(_TALKS, tmp_path / "logs")
    yield line
    line.close(patience=1, grace=1)
    assert not line.temporary.exists()
    assert line.has_ended


def test_a_process_starts_in_a_folder_of_its_own_which_is_its_place_for_temporary_files(
    talking: dialogue.Dialogue, tmp_path: Path
) -> None:
    folder = str(talking.temporary)
    assert talking.greeting(timeout=20) == {"event": "ready", "tmp": [folder] * 3, "at": os.path.realpath(folder)}
    assert talking.temporary.name.startswith("tfjs-workflow-")
    assert talking.ask({}, timeout=20)["id"] == 1
    assert (tmp_path / "logs" / "log").read_text() == "to the log\n"
    assert not talking.has_ended
    os.kill(talking.pid, 0)


def test_questions_are_numbered_and_each_gets_its_own_answer(talking: dialogue.Dialogue) -> None:
    told: list[object] = []
    for number in (1, 2, 3):
        answer = talking.ask({"news": ["a", ["say", number]]}, timeout=20, on_progress=told.append)
        assert answer == {"id": number, "asked": {"news": ["a", ["say", number]], "id": number}}
    assert told == ["a", ["say", 1], "a", ["say", 2], "a", ["say", 3]]
    assert talking.ask({"news": ["unheard"]}, timeout=None)["id"] == 4


def test_a_process_that_hangs_up_is_told_with_its_code(talking: dialogue.Dialogue) -> None:
    with pytest.raises(dialogue.HungUpError) as caught:
        talking.ask({"end": 7}, timeout=20)
    assert caught.value.garbled == ""
    assert talking.code() == 7
    with pytest.raises(dialogue.HungUpError):
        talking.ask({}, timeout=20)


def test_who_waits_too_long_gives_up_and_may_do_something_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(dialogue, "_CODE_SECONDS", 0.05)
    line = begun("import time; time.sleep(60)", tmp_path)
    waited: list[int] = []
    try:
        with pytest.raises(TimeoutError):
            line.ask({}, timeout=0.2, on_wait=lambda: waited.append(1))
        assert waited
        with pytest.raises(TimeoutError):
            line.greeting(timeout=0.05)
        assert line.code() is None
    finally:
        line.close(patience=0, grace=1)


def test_what_nobody_understands_is_kept_up_to_two_hundred_bytes(tmp_path: Path) -> None:
    line = begun("print('x' * 300, flush=True); input()", tmp_path)
    try:
        with pytest.raises(dialogue.HungUpError) as caught:
            line.greeting(timeout=20)
        assert caught.value.garbled == "x" * 200
    finally:
        line.close(patience=0, grace=1)


def test_a_program_that_is_not_there_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with pytest.raises(FileNotFoundError):
        dialogue.begin(lambda _: [str(tmp_path / "none")], environ={}, log=tmp_path / "log")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=f"cannot write {tmp_path}/file/a/log: a part of the path is a file"):
        begun("", tmp_path / "file" / "a")


def test_a_log_is_made_with_its_folders_and_goes_on_where_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    for count in (1, 2):
        line = begun("import sys; sys.stderr.write('said')", folder)
        assert line.code() == 0
        line.close(patience=5, grace=1)
        assert (folder / "log").read_text() == "said" * count
