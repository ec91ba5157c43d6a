"""A process that outlives the others by a moment: it removes their temporary folders when the host has been killed.

The worker cannot, behind its wall. Each folder holds a file that the host keeps locked for as long as it lives.
"""

from __future__ import annotations

import binascii
import contextlib
import os
import shutil
import sys
from typing import List, Sequence

_MARK = ".tfjs-workflow-in-use"
_MOST_DESCRIPTORS = 1024
_DEEPEST = 64


def leave(folders: Sequence[str]) -> None:
    """Leave a process behind that waits for the host to let go of ``folders`` and removes what it has not removed."""
    if sys.platform == "win32" or os.fork():
        return
    try:
        _wait_and_remove(folders)
    finally:
        os._exit(0)


def remove(path: str) -> None:
    """Remove a folder with all that is in it, deeper than Python can follow as well; a link alone, and no errors."""
    with contextlib.suppress(OSError):
        if os.path.islink(path):
            os.unlink(path)
    if _is_odd(path):
        with contextlib.suppress(OSError):
            _flatten(path)
    shutil.rmtree(path, ignore_errors=True)


def _is_odd(path: str) -> bool:
    """Tell whether a folder is deeper than anything that we make, or holds one that cannot be looked into."""
    waiting = [(path, 0)]
    while waiting:
        here, depth = waiting.pop()
        try:
            with os.scandir(here) as entries:
                waiting += [(entry.path, depth + 1) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return True
        if depth > _DEEPEST:
            return True
    return False


def _flatten(folder: str) -> None:
    """Put all folders below ``folder`` side by side in it, and let them be read."""
    mark, number = binascii.hexlify(os.urandom(8)).decode(), 0
    waiting = _folders_in(folder)
    while waiting:
        for inner in _folders_in(waiting.pop()):
            number += 1
            place = os.path.join(folder, f"{mark}-{number}")
            os.rename(inner, place)
            waiting.append(place)


def _folders_in(folder: str) -> List[str]:
    """Return the folders in one, all of which are opened to their owner: what moves must be writable itself."""
    with contextlib.suppress(OSError):  # behind the wall nobody changes modes
        os.chmod(folder, 0o700)
    with os.scandir(folder) as entries:
        found = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for path in found:
        with contextlib.suppress(OSError):
            os.chmod(path, 0o700)
    return found


def _wait_and_remove(folders: Sequence[str]) -> None:
    import fcntl

    os.setsid()  # the host ends the worker's whole group
    os.closerange(0, _MOST_DESCRIPTORS)  # the host must see when the worker hangs up
    for folder in folders:
        with contextlib.suppress(OSError):
            mark = os.open(os.path.join(folder, _MARK), os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(mark, fcntl.LOCK_EX)
            remove(folder)
