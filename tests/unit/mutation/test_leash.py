"""Nothing that a change has set loose lives on: tests/mutation/leash.py."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.mutation import leash
from workflow.base.processes import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to whom one wants")

ESCAPES = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]) or not open(sys.argv[1]).read():
    time.sleep(0.01)
"""


def leashed(seconds: float, *argv: str, megabytes: float = 4000) -> int:
    command = [sys.executable, "-I", leash.__file__, str(seconds), str(megabytes), sys.executable, "-c", *argv]
    return run(command, timeout=60).code


def test_the_exit_code_is_the_programs() -> None:
    assert leashed(30, "raise SystemExit(7)") == 7


def test_a_hang_is_ended() -> None:
    begin = time.monotonic()
    assert leashed(0.5, "import time; time.sleep(60)") == leash.HUNG
    assert time.monotonic() - begin < 30


def test_too_much_memory_is_ended() -> None:
    assert leashed(30, "x = b'1' * 300_000_000; import time; time.sleep(60)", megabytes=100) == leash.HUNG


@pytest.mark.parametrize(("ending", "code"), [("", 0), ("time.sleep(60)", leash.HUNG)])
def test_a_grandchild_in_a_session_of_its_own_is_ended_too(tmp_path: Path, ending: str, code: int) -> None:
    note = tmp_path / "number"
    assert leashed(3, ESCAPES + ending, str(note)) == code
    assert not Path(f"/proc/{note.read_text()}").exists()
