"""How the program ends: with its code, and not as if all were well when its words went nowhere."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from workflow.cli import boundary

COMMAND = [sys.executable, "-m", "workflow"]


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
    assert done.returncode == 36
    assert b"the disk is full" in done.stderr


WORDY = (
    "--help",
    "schema",
    "check recipes/digits.yml",
    "plan recipes/digits.yml --json",
    "env list",
    "env list --json",
)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
@pytest.mark.parametrize("words", WORDY)
def test_a_reader_that_leaves_early_is_told_nothing_and_the_code_is_that_of_its_signal(words: str) -> None:
    process = subprocess.Popen([*COMMAND, *words.split()], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stderr as said:
        process.stdout.close()
        assert said.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_a_reader_of_the_errors_that_leaves_is_treated_alike() -> None:
    process = subprocess.Popen([*COMMAND, "check", "nosuch.yml"], cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    with process:
        process.stderr.close()
    assert process.returncode == 141


NAME = "no\u00e9\u2014\udcff.yml"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", rb"no\xe9\u2014\udcff.yml"), ("utf-8", "no\u00e9\u2014\\udcff.yml".encode())],
)
def test_what_a_stream_cannot_encode_is_escaped_and_so_are_bytes_of_names_that_are_no_text(
    tmp_path: Path, encoding: str, expected: bytes
) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    words = [*COMMAND, "check", NAME]
    done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert done.returncode == 11
    assert expected in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="POSIX shells close streams")
def test_without_any_stream_the_code_is_the_same() -> None:
    done = subprocess.run(f'"{sys.executable}" -m workflow --version >&- 2>&-', shell=True, cwd=ROOT, check=False)  # noqa: S602  our own words
    assert done.returncode == 0


def test_both_streams_escape_what_they_cannot_say_and_pass_the_bytes_of_names_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, encoding="ascii", line_buffering=True))
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(err, encoding="utf-8"))
    boundary.set_up()
    first = sys.stdout
    boundary.set_up()
    assert sys.stdout is first
    for stream in (sys.stdout, sys.stderr):
        stream.write("a\u00e9\udc7f\udc80\udcff\udd00\n")
    assert out.getvalue() == b"a\\xe9\\udc7f\x80\xff\\udd00\n"
    assert err.getvalue() == b""
    sys.stderr.flush()
    assert err.getvalue() == "a\u00e9\\udc7f".encode() + b"\x80\xff\\udd00\n"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", errors=boundary._HANDLER)  # it is for what is written alone


def test_what_is_no_stream_of_text_or_was_closed_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    other = io.StringIO()
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", other)
    boundary.set_up()
    assert sys.stdout is None
    assert sys.stderr is other


class Pipe(io.RawIOBase):
    """A pipe whose reader is gone."""

    gone = True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.gone:
            raise BrokenPipeError
        return len(data)


@pytest.mark.parametrize("text", ["x", "x" * 100_000])
def test_a_reader_that_is_gone_is_told_from_other_failures(text: str) -> None:
    pipe = Pipe()
    stream = boundary._words(io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8"))
    with pytest.raises(boundary.ReaderGoneError):
        assert stream.write(text) == 1
        stream.flush()
    pipe.gone = False
    stream.close()
