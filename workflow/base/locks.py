"""Locks on files that the kernel takes back when their holder dies: shared by many, or held by one alone.

Nothing here waits. A lock belongs to the open file, and to every process that has inherited it.
"""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING

if sys.platform == "win32":
    import msvcrt
    import random
else:
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
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


if sys.platform == "win32":

    def share(handle: IO[bytes]) -> bool:
        """Lock a file beside others that share it; False when somebody has it alone."""
        return _locked_bytes(handle, _FIRST_BYTE + random.randrange(_BYTES), 1)  # noqa: S311  one byte for each

    def take(handle: IO[bytes]) -> bool:
        """Lock a file alone; False when somebody else has it locked."""
        return _locked_bytes(handle, _FIRST_BYTE, _BYTES)

    def release(handle: IO[bytes]) -> None:
        """Give back what ``take`` has locked; closing the file does so, too."""
        handle.seek(_FIRST_BYTE)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, _BYTES)

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

    def release(handle: IO[bytes]) -> None:
        """Give back what ``take`` has locked; closing the file does so, too."""
        fcntl.flock(handle, fcntl.LOCK_UN)

    def _flocked(handle: IO[bytes], how: int) -> bool:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
