"""Locks on outputs: one run at a time, also across processes, and free when their holder died."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import StorageError
from workflow.base.events import Recording
from workflow.base.processes import start
from workflow.runs import publishing

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """\
import sys, time
from pathlib import Path
from workflow.base.events import Silent
from workflow.runs.publishing import hold
with hold([Path(sys.argv[1])], Silent()):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def holder(output: Path) -> subprocess.Popen[bytes]:
    process = start([sys.executable, "-c", HOLDER, str(output)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"held"
    return process


def test_a_run_waits_for_the_one_that_holds_the_lock_and_says_who_that_is(tmp_path: Path) -> None:
    process, listener = holder(tmp_path / "web"), Recording()
    begin = time.monotonic()
    threading.Timer(0.3, process.kill).start()
    with publishing.hold([tmp_path / "web"], listener):
        assert time.monotonic() - begin >= 0.3
    process.communicate()
    assert listener.lines[0] == f"waiting for another run (process {process.pid}) that writes {tmp_path / 'web'}"
    assert listener.lines[1] == "the other run has finished with web"


@pytest.mark.parametrize("note", [b"", b"\xff", None])
def test_a_holder_that_nobody_noted_is_not_named(tmp_path: Path, home: Path, note: bytes | None) -> None:
    process, listener = holder(tmp_path / "web"), Recording()
    [written] = (home / "locks" / "outputs").glob("*.pid")
    written.unlink() if note is None else written.write_bytes(note)
    threading.Timer(0.2, process.kill).start()
    with publishing.hold([tmp_path / "web"], listener):
        process.communicate()
    assert listener.lines[0] == f"waiting for another run that writes {tmp_path / 'web'}"


def test_a_lock_is_held_though_nobody_can_note_who_holds_it(tmp_path: Path, home: Path) -> None:
    with publishing.hold([tmp_path / "web"], Recording()):
        [written] = (home / "locks" / "outputs").glob("*.pid")
    written.unlink()
    written.mkdir()  # what cannot be written to, by anybody
    with publishing.hold([tmp_path / "web"], Recording()):
        assert written.is_dir()


def test_the_lock_of_another_output_is_free(tmp_path: Path) -> None:
    process, listener = holder(tmp_path / "web"), Recording()
    with publishing.hold([tmp_path / "web2"], listener):
        pass
    process.kill()
    process.communicate()
    assert listener.lines == []


def test_a_lock_is_free_again_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        listener = Recording()
        with publishing.hold([tmp_path / "web", tmp_path / "web"], listener):
            pass
        assert listener.lines == []


def test_a_lock_that_cannot_be_written_is_said(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "locks").write_text("")
    path = "a part of the path is a file"
    with pytest.raises(StorageError, match=path) as caught, publishing.hold([tmp_path / "web"], Recording()):
        pass
    assert "TFJS_WORKFLOW_HOME" in caught.value.hint
