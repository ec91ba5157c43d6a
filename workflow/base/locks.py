"""Locks on files that the kernel takes back when their holder dies: shared by many, or held by one alone.

A lock belongs to the open file, and to every process that has inherited it. The filelock package could not stand here:
it knows no shared locks on Windows, none that a child inherits and no note on who holds one, and its import takes a
tenth of a short run.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO, TYPE_CHECKING

if sys.platform == "win32":
    import msvcrt
    import random
    import time
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.base.events import Listener

if sys.platform == "win32":
    _POLL_SECONDS = 0.05
    # there a lock holds bytes, not the file: these lie behind all content, as what is locked cannot be read
    _FIRST_BYTE = 1 << 20
    _BYTES = 1 << 29


def opened(path: Path) -> IO[bytes]:
    """Open a file for locking it, made when it is not there; raises OSError."""
    try:
        return path.open("r+b")
    except FileNotFoundError:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except PermissionError:
        return path.open("rb")  # of another user: it can be shared all the same


def held(
    path: Path, listener: Listener, *, waiting: Callable[[str], str], over: str = "", noted: bool = False
) -> IO[bytes]:
    """Return a file that is locked for us alone until it is closed, made with its folder when it is not there.

    While somebody else has it, this waits: the listener hears what ``waiting`` makes of who that is (`` (process 7)``,
    or nothing where that is not known), and at last ``over``. With ``noted`` we are who others hear of. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = opened(path)
        try:
            if not take(handle):
                listener.say(waiting(_holder(path) if noted else ""))
                wait(handle)
                if over:
                    listener.say(over)
            if stands(handle, path):
                break
        except BaseException:
            handle.close()
            raise
        handle.close()  # it has been removed meanwhile, as caches may be: others lock the next one
    if noted:
        _note(path)
    return handle


def _note(path: Path) -> None:
    """Note that we hold a lock, for those who wait; where that cannot be written they are told of nobody."""
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


if sys.platform == "win32":

    def share(handle: IO[bytes]) -> bool:
        """Lock a file beside others that share it; False when somebody has it alone."""
        return _locked_bytes(handle, _FIRST_BYTE + random.randrange(_BYTES), 1)  # noqa: S311  one byte for each

    def take(handle: IO[bytes]) -> bool:
        """Lock a file alone; False when somebody else has it locked."""
        return _locked_bytes(handle, _FIRST_BYTE, _BYTES)

    def wait(handle: IO[bytes]) -> None:
        """Lock a file alone, however long others have it."""
        while not take(handle):
            time.sleep(_POLL_SECONDS)

    def release(handle: IO[bytes]) -> None:
        """Give back what was locked alone; closing the file does so, too."""
        handle.seek(_FIRST_BYTE)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, _BYTES)

    def stands(_handle: IO[bytes], _path: Path) -> bool:
        """Return whether an open file is still the one at its path: what is open cannot be removed there."""
        return True

    def _locked_bytes(handle: IO[bytes], place: int, count: int) -> bool:
        handle.seek(place)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, count)
        except PermissionError:
            return False
        finally:
            handle.seek(0)
        return True

else:

    def share(handle: IO[bytes]) -> bool:
        """Lock a file beside others that share it; False when somebody has it alone. Raises OSError without locks."""
        return _flocked(handle, fcntl.LOCK_SH)

    def take(handle: IO[bytes]) -> bool:
        """Lock a file alone; False when somebody else has it locked. Raises OSError without locks."""
        return _flocked(handle, fcntl.LOCK_EX)

    def wait(handle: IO[bytes]) -> None:
        """Lock a file alone, however long others have it. Raises OSError without locks."""
        fcntl.flock(handle, fcntl.LOCK_EX)

    def release(handle: IO[bytes]) -> None:
        """Give back what was locked alone; closing the file does so, too."""
        fcntl.flock(handle, fcntl.LOCK_UN)

    def stands(handle: IO[bytes], path: Path) -> bool:
        """Return whether an open file is still the one at its path."""
        try:
            return os.path.samestat(os.fstat(handle.fileno()), path.stat())
        except FileNotFoundError:
            return False

    def _flocked(handle: IO[bytes], how: int) -> bool:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
