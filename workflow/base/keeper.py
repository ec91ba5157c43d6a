"""Stands between us and a program that must not outlive us: ``python -I -S keeper.py TIE PROGRAM ARGUMENTS...``.

Standard input is a pipe of which we hold the other end. When it closes, whatever ended us, the keeper ends its whole
process group: the program and what that has started. Else it ends as the program does. TIE is a file that is locked as
long as one of them lives, with the group's number in it. It runs alone: POSIX only, and nothing of the project is
imported.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import select
import signal
import sys

assert sys.platform != "win32"  # noqa: S101  what type checkers understand, too

_GRACE_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_NOT_RUN = 127


def main(tie: str, argv: list[str]) -> None:
    """Run the program to its end, or ours."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGCHLD:
            signal.signal(number, lambda *_: None)  # the program heeds it: it does not inherit handlers, but SIG_IGN
    held = _tied(tie)
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a keeper that is killed itself can end nobody
        if os.getppid() != keeper:  # it was killed before that could be asked for
            os._exit(_NOT_RUN)
        os.dup2(held, 0)
        try:
            os.execvp(argv[0], argv)  # noqa: S606  that is what it is for
        except OSError as error:
            os.write(2, f"{argv[0]} cannot be run: {error.strerror}\n".encode(errors="replace"))
        os._exit(_NOT_RUN)
    status = _watched(child, woken)
    _end_alike(status)


def _tied(tie: str) -> int:
    """Return a descriptor for the program's standard input: of the tie, locked and noted, or of an empty file."""
    with contextlib.suppress(OSError):  # another of this sort is at work, or nothing can be locked there
        handle = os.open(tie, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.write(handle, b"%d\n" % os.getpgrp())
        return handle
    return os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)


def _watched(child: int, woken: int) -> int:
    """Return the status of the program when it has ended; end it when our own end comes first."""
    lifeline: list[int] = [0]
    deadline: float | None = None
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found and not lifeline:
            os.killpg(0, signal.SIGKILL)  # what the program has started need not have minded the polite word
        if found:
            return status
        ready, _, _ = select.select([woken, *lifeline], [], [], deadline)
        if woken in ready:
            os.read(woken, 512)
        elif lifeline and not os.read(0, 512):
            lifeline, deadline = [], _GRACE_SECONDS
            os.killpg(0, signal.SIGTERM)
        elif not ready:
            os.killpg(0, signal.SIGKILL)


def _end_alike(status: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program has left its own
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError):  # it cannot be set for SIGKILL, and need not
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else _NOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
