from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from workflow.base import locks, processes
from workflow.base.events import Recording, Silent

if TYPE_CHECKING:
    from pathlib import Path

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
    return tmp_path / "folder" / "thing.lock"


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
    path.parent.mkdir()
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
