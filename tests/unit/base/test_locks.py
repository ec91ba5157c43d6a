from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from workflow.base import locks, processes
from workflow.base.events import Recording, Silent

HOLDER = """
import sys, time
from pathlib import Path
from workflow.base import locks
from workflow.base.events import Silent
with locks.held(Path(sys.argv[1]), Silent(), waiting=str, noted=True):
    print("held", flush=True)
    time.sleep(60)
"""


def taken_elsewhere(path: Path) -> processes.Process:
    process = processes.start([sys.executable, "-c", HOLDER, str(path)], stderr=processes.STDOUT)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"held"
    return process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "deep" / "thing.lock"


def test_a_free_lock_is_taken_at_once_with_its_folder_and_nothing_is_said(path: Path) -> None:
    listener = Recording()
    with locks.held(path, listener, waiting=str, over="free"), path.open("rb") as other:
        assert not locks.take(other)
        assert not locks.share(other)
    with path.open("rb") as other:
        assert locks.take(other)
    assert listener.lines == []
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_who_waits_hears_who_has_it_and_when_that_is_over(path: Path) -> None:
    listener, process = Recording(), taken_elsewhere(path)
    threading.Timer(0.3, process.kill).start()
    begin = time.monotonic()
    with locks.held(path, listener, waiting=lambda who: f"waiting{who}", over="over", noted=True):
        assert time.monotonic() - begin >= 0.25
    process.communicate()
    assert listener.lines == [f"waiting (process {process.pid})", "over"]


def test_who_does_not_note_holders_names_none(path: Path) -> None:
    listener, process = Recording(), taken_elsewhere(path)
    threading.Timer(0.2, process.kill).start()
    with locks.held(path, listener, waiting=lambda who: f"waiting{who}"):
        process.communicate()
    assert listener.lines == ["waiting"]


def test_of_threads_one_at_a_time_has_it(path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(20):
            with locks.held(path, Silent(), waiting=str):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1]


@pytest.mark.skipif(sys.platform == "win32", reason="what is open cannot be removed there")
def test_a_lock_whose_file_is_removed_while_somebody_waits_is_taken_on_the_next_file(path: Path) -> None:
    process = taken_elsewhere(path)
    done = threading.Event()
    told = Recording()

    def wait() -> None:
        with locks.held(path, told, waiting=lambda _: "waiting"), path.open("rb") as other:
            assert not locks.take(other)
            done.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not told.lines:
        time.sleep(0.01)
    path.unlink()
    process.kill()
    process.communicate()
    waiting.join(20)
    assert done.is_set()


def test_many_share_and_then_nobody_has_it_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with locks.opened(path) as one, locks.opened(path) as two, locks.opened(path) as three:
        assert locks.share(one)
        assert locks.share(two)
        assert not locks.take(three)
        one.close()
        two.close()
        assert locks.take(three)
        locks.release(three)
        assert locks.share(three)


def test_where_nothing_can_be_made_the_system_s_error_is_raised(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        locks.held(tmp_path / "file" / "x.lock", Silent(), waiting=str)


def test_who_holds_a_lock_is_noted_beside_it_and_a_note_that_is_no_number_is_not_told(path: Path) -> None:
    with locks.held(path, Silent(), waiting=str, noted=True):
        assert path.with_suffix(".pid").read_text() == str(os.getpid())
        for text, told in (("7", " (process 7)"), ("", ""), ("x", ""), ("\u00e9", "")):
            path.with_suffix(".pid").write_text(text, encoding="utf-8")
            assert locks._holder(path) == told
    path.with_suffix(".pid").unlink()
    assert locks._holder(path) == ""


def test_where_a_note_cannot_be_written_that_of_the_last_holder_goes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    path.parent.mkdir(parents=True)
    path.with_suffix(".pid").write_text("7")
    monkeypatch.setattr("pathlib.Path.write_text", full)
    with locks.held(path, Silent(), waiting=str, noted=True):
        assert not path.with_suffix(".pid").exists()


def test_an_interrupted_wait_lets_go_of_the_file(path: Path) -> None:
    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    path.parent.mkdir(parents=True)
    with locks.opened(path) as other:
        assert locks.take(other)
        with pytest.raises(KeyboardInterrupt):
            locks.held(path, Silent(), waiting=interrupted)
    with locks.opened(path) as third:
        assert locks.take(third)
        assert locks.stands(third, path)
        path.unlink()
        assert not locks.stands(third, path)


def test_a_file_that_may_only_be_read_can_be_shared(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Path.open

    def refused(self: Path, mode: str = "r", **more: object) -> object:
        if mode == "r+b":
            raise PermissionError(13, "Permission denied")
        return usual(self, mode, **more)  # type: ignore[call-overload]

    path.parent.mkdir(parents=True)
    path.touch()
    monkeypatch.setattr(Path, "open", refused)
    with locks.opened(path) as file:
        assert file.mode == "rb"
        assert locks.share(file)


def test_a_lock_file_is_opened_to_be_written_too_with_what_is_in_it(path: Path) -> None:
    path.parent.mkdir(parents=True)
    for content in (b"", b"noted"):
        with locks.opened(path) as file:
            assert file.writable()
            assert file.read() == content
            file.write(b"noted")
    assert path.read_bytes() == b"notednoted"
