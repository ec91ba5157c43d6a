"""A process that outlives the others by a moment: it removes their temporary folders when the host has been killed.

The worker cannot, behind its wall. Each folder holds a file that the host keeps locked for as long as it lives.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import Sequence

_MARK = ".tfjs-workflow-in-use"
_MOST_DESCRIPTORS = 1024


def leave(folders: Sequence[str]) -> None:
    """Leave a process behind that waits for the host to let go of ``folders`` and removes what it has not removed."""
    if sys.platform == "win32" or os.fork():
        return
    try:
        _wait_and_remove(folders)
    finally:
        os._exit(0)


def _wait_and_remove(folders: Sequence[str]) -> None:
    import fcntl

    os.setsid()  # the host ends the worker's whole group
    os.closerange(0, _MOST_DESCRIPTORS)  # the host must see when the worker hangs up
    for folder in folders:
        with contextlib.suppress(OSError):
            mark = os.open(os.path.join(folder, _MARK), os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(mark, fcntl.LOCK_EX)
            shutil.rmtree(folder, ignore_errors=True)
