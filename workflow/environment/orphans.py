"""Finding and ending a child that outlived us: after a kill -9 it would go on writing into the environment.

A child of these keys runs under a keeper, which ends it when we are gone. That takes it a moment, and the same command
may come at once: so the keeper holds a lock on a file, which the child inherits, and the file is locked for exactly as
long as one of them lives, with the process group noted in it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workflow.base import locks
from workflow.base.errors import EnvironmentProblem

if TYPE_CHECKING:
    from workflow.base.events import Listener

CHECKS = tuple(f"check{number}" for number in range(5))
KEYS = ("install", "conda", "venv", "builder", *CHECKS)
"""Who may be tied: who makes a Python, the installation of packages, and the health checks, which run side by side."""

_SECONDS = 10.0
_POLL_SECONDS = 0.02


def tie(log: Path, key: str) -> Path:
    """Return the file by which the child of this key is found; ``log`` is the environment's, ``key`` one of KEYS."""
    return log.with_name(f"{log.stem}.{key}.child")


def tied(tie: Path) -> IO[bytes]:
    """Lock a tie for as long as what is returned is open, with our own process group noted in it."""
    handle = locks.opened(tie)
    if locks.take(handle):
        handle.truncate(0)
        handle.write(b"%d\n" % os.getpid())
        handle.flush()
    return handle


def end_orphans(log: Path, listener: Listener) -> None:
    """End the children of a process that died, if any still run; raises EnvironmentProblem when one will not end.

    Call it only while holding the environment alone: then their parent cannot be at work.
    """
    for file in filter(Path.is_file, [tie(log, key) for key in KEYS]):
        with file.open("r+b") as handle:
            _end_orphan(handle, listener)


def forget(log: Path) -> None:
    """Remove the files of an environment that is gone."""
    for key in KEYS:
        tie(log, key).unlink(missing_ok=True)


def _end_orphan(handle: IO[bytes], listener: Listener) -> None:
    if _is_free(handle):
        return
    leader = int(handle.read().strip() or 0)
    listener.say(f"ending process {leader}, which an interrupted run has left behind")
    end = time.monotonic() + _SECONDS
    while not _is_free(handle):
        _kill(leader)
        if time.monotonic() > end:
            raise EnvironmentProblem(
                f"process {leader} of an interrupted run still works on this environment and does not end",
                hint="end it yourself, then try again",
            )
        time.sleep(_POLL_SECONDS)


def _is_free(handle: IO[bytes]) -> bool:
    if sys.platform == "win32":
        return True  # there a child cannot inherit a lock: what it holds open makes the deletion fail, which is told
    return locks.take(handle)


def _kill(leader: int) -> None:
    if sys.platform != "win32" and leader:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
