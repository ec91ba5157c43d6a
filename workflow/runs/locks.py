"""Locks on outputs: of two runs that write the same artifact, the second waits and says so."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from typing import TYPE_CHECKING

from workflow.base import locations
from workflow.base.storage import storing

if sys.platform == "win32":
    from filelock import FileLock, Timeout
else:
    import fcntl  # what filelock uses there, too: importing it takes a twentieth of a short run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from workflow.base.events import Listener

_POLL_SECONDS = 0.05


@contextlib.contextmanager
def hold(outputs: Iterable[Path], listener: Listener) -> Iterator[None]:
    """Hold the lock of every output; waits for another run that holds one of them, and tells the listener.

    Locks are taken in one fixed order, so that two runs never wait for each other.
    """
    with contextlib.ExitStack() as stack:
        for output in sorted({output.resolve() for output in outputs}):
            stack.enter_context(_held(output, listener))
        yield


@contextlib.contextmanager
def _held(output: Path, listener: Listener) -> Iterator[None]:
    path = _lock_path(output)

    def wait(locked: Callable[[], object]) -> None:
        listener.say(f"waiting for another run{_holder(path)} that writes {output}")
        locked()
        listener.say(f"the other run has finished with {output.name}")

    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        release = _locked(path, wait)
    try:
        _note_holder(path)
        yield
    finally:
        release()


if sys.platform == "win32":

    def _locked(path: Path, wait: Callable[[Callable[[], object]], None]) -> Callable[[], None]:
        """Lock a file, by ``wait`` if another process has locked it, and return what unlocks it."""
        lock = FileLock(path, poll_interval=_POLL_SECONDS)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            wait(lock.acquire)
        return lock.release

else:

    def _locked(path: Path, wait: Callable[[Callable[[], object]], None]) -> Callable[[], None]:
        """Lock a file, by ``wait`` if another process has locked it, and return what unlocks it."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                wait(lambda: fcntl.flock(handle, fcntl.LOCK_EX))
        except BaseException:
            os.close(handle)
            raise
        return lambda: os.close(handle)


def _lock_path(output: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.normcase(output))).hexdigest()[:32]
    return locations.home() / "locks" / "outputs" / f"{name}.lock"


def _note_holder(path: Path) -> None:
    """Note who holds a lock, for those who wait; where that cannot be written they are told of nobody."""
    note = path.with_suffix(".pid")
    try:
        note.write_text(str(os.getpid()), encoding="ascii")
    except OSError:
        with contextlib.suppress(OSError):
            note.unlink()  # the one before us does not hold it


def _holder(path: Path) -> str:
    try:
        number = path.with_suffix(".pid").read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return f" (process {number})" if number.isdigit() else ""  # empty between lock and note, and where that failed
