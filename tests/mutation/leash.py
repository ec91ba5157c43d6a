"""Runs a program and leaves nothing of it behind: ``python leash.py SECONDS MEGABYTES PROGRAM ARGUMENTS...``.

Whatever the program starts, in groups and sessions of its own or orphaned, comes to us (Linux's child subreaper) and is
ended with it: when the program has ended, after SECONDS, when all of it takes more than MEGABYTES, or when our parent
ends. The exit code is the program's, or 124 when we had to end it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

HUNG = 124
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.05
_WEIGH_EVERY = 20
_PAGES_PER_MEGABYTE = 256


def main(seconds: float, megabytes: float, argv: list[str]) -> int:
    """Run the program; return its exit code."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(HUNG))
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        os.execvp(argv[0], argv)  # noqa: S606  that is what it is for
    try:
        return _watched(child, time.monotonic() + seconds, megabytes)
    finally:
        _end_all()


def _watched(child: int, deadline: float, megabytes: float) -> int:
    looks = 0
    while time.monotonic() < deadline:
        found, status = os.waitpid(-1, os.WNOHANG)
        if found == child:
            return os.waitstatus_to_exitcode(status) & 0xFF
        if not found:
            time.sleep(_LOOK_SECONDS)
            looks += 1
            if looks % _WEIGH_EVERY == 0 and _weight() > megabytes * _PAGES_PER_MEGABYTE:
                break
    return HUNG


def _end_all() -> None:
    """End all that is left; what it has started meanwhile comes to us and is ended in the next round."""
    while True:
        for number in _descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_LOOK_SECONDS)


def _descendants() -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, wanted = [], [os.getpid()]
    while wanted:
        above = wanted.pop()
        below = [number for number, parent in parents.items() if parent == above]
        found += below
        wanted += below
    return found


def _weight() -> int:
    """Return the resident pages of all that we have started."""
    pages = 0
    for number in _descendants():
        with contextlib.suppress(OSError, IndexError):
            pages += int(Path(f"/proc/{number}/statm").read_text().split()[1])
    return pages


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
