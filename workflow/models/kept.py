"""What was read out of files, kept for as long as the files stay the same: one run looks at a model many times."""

from __future__ import annotations

import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import os

Found = TypeVar("Found")

_TICK = 20_000_000
"""Nanoseconds, more than a tick of the clock of any file system that counts finely."""

_COARSE_TICK = 2_000_000_000
"""Likewise of one that counts in seconds, or in pairs of them."""

_FINE = 1_000_000


def settled(status: os.stat_result) -> tuple[int, ...]:
    """Return what the system knows a file by: device, inode, size, times; nothing where that may not tell it apart.

    That is so for a file that was written a moment ago: it could be written once more within one tick of the clock.
    """
    if not status.st_ino:  # a file system that does not tell its files apart
        return ()
    last = max(status.st_mtime_ns, status.st_ctime_ns)
    if last + (_TICK if status.st_mtime_ns % _FINE else _COARSE_TICK) > time.time_ns():
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Kept(Generic[Found]):
    """The last things that were read, by what the system knows their files by. Several threads may ask."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[tuple[object, ...], Found] = OrderedDict()
        self._alone = Lock()

    def find(self, key: tuple[object, ...]) -> Found | None:
        """Return what was read of a file in this state; None where it was not, or is kept no longer."""
        with self._alone:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def keep(self, key: tuple[object, ...], found: Found) -> None:
        """Keep what was read, in place of what has not been asked for the longest; an empty key is none."""
        if key:
            with self._alone:
                self._found[key] = found
                self._found.move_to_end(key)
                while len(self._found) > self._most:
                    self._found.popitem(last=False)
