"""Finding and ending a child that outlived us: after a kill -9 it would go on writing into the environment.

The child gets, as its standard input, a file on which we hold a lock. It inherits the lock, so the file is locked
for exactly as long as the child or one of its own lives, and the process group noted in it is really theirs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workflow.errors import EnvironmentProblem

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.events import Listener

CHECKS = tuple(f"check{number}" for number in range(5))
KEYS = ("install", *CHECKS)
"""Who may be tied: the installation of packages, and the health checks that run side by side."""

_SECONDS = 10.0
_POLL_SECONDS = 0.02


@contextlib.contextmanager
def tied(log: Path, key: str) -> Iterator[IO[bytes]]:
    """Yield what a child must be given as standard input; then ``note`` its process id.

    ``log`` is the environment's, ``key`` one of KEYS. When a child of that key lives already, this one is not tied.
    """
    with _file(log, key).open("a+b") as handle:
        if _lock(handle):
            handle.truncate(0)
            yield handle
            return
    with Path(os.devnull).open("r+b") as handle:
        yield handle


def note(handle: IO[bytes], process_id: int) -> None:
    """Write down the leader of the child's process group."""
    handle.write(b"%d\n" % process_id)
    handle.flush()


def end_orphans(log: Path, listener: Listener) -> None:
    """End the children of a process that died, if any still run; raises EnvironmentProblem when one will not end.

    Call it only while holding the environment's claim: then their parent cannot be at work.
    """
    files = [_file(log, key) for key in KEYS]
    for file in filter(Path.is_file, files):
        with file.open("r+b") as handle:
            _end_orphan(handle, listener)


def _end_orphan(handle: IO[bytes], listener: Listener) -> None:
    if _lock(handle):
        return
    leader = int(handle.read().strip() or 0)
    listener.say(f"ending process {leader}, which an interrupted run has left behind")
    end = time.monotonic() + _SECONDS
    while not _lock(handle):
        _kill(leader)
        if time.monotonic() > end:
            raise EnvironmentProblem(
                f"process {leader} of an interrupted run still works on this environment and does not end",
                hint="end it yourself, then try again",
            )
        time.sleep(_POLL_SECONDS)


def _file(log: Path, key: str) -> Path:
    return log.with_name(f"{log.stem}.{key}.child")


def _lock(handle: IO[bytes]) -> bool:
    if sys.platform == "win32":
        return True  # there a child cannot inherit a lock: what it holds open makes the deletion fail, which is told
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill(leader: int) -> None:
    if sys.platform != "win32" and leader:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
