"""How the program ends: with its code, and not as if all were well when its words went nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "workflow"]
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("words", "code", "said"), [(["--version"], 0, "tfjs-workflow"), (["chek", "a.yml"], 2, "chek")]
)
def test_the_exit_code_and_all_words_arrive(words: list[str], code: int, said: str) -> None:
    done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_words_that_cannot_be_written_are_a_failure() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, "--version"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode != 0
    assert b"No space left" in done.stderr


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    process = subprocess.Popen([*COMMAND, "schema"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stderr as said:
        process.stdout.close()
        assert b"Traceback" not in said.read()


@pytest.mark.skipif(os.name != "posix", reason="POSIX shells close streams")
def test_without_any_stream_the_code_is_the_same() -> None:
    done = subprocess.run(f'"{sys.executable}" -m workflow --version >&- 2>&-', shell=True, cwd=ROOT, check=False)  # noqa: S602  our own words
    assert done.returncode == 0
