"""The line to a process that a stranger's code may have taken over: what it sends takes no more than it may."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from workflow.base import dialogue

if TYPE_CHECKING:
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
