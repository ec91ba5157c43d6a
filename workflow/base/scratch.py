"""Temporary folders that outlive a killed process no longer than until the next one makes its own.

Each holds a file on which its process keeps a lock. A folder whose lock is free belongs to nobody any more.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workflow.base import locks

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "tfjs-"
"""How the names of all temporary folders of this tool begin."""
_MARK = ".tfjs-workflow-in-use"


class Scratch:
    """A new folder of this process's, ``tfjs-<purpose>-...``, in ``place`` or else where temporary files go.

    ``close`` removes it. Raises ``OSError`` where it cannot be made.
    """

    def __init__(self, purpose: str, *, place: Path | None = None) -> None:
        folder = tempfile.gettempdir() if place is None else str(place)
        _clear_once(folder)
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-", dir=folder))
        try:
            self._mark = _marked(self.path)
        except OSError:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def close(self) -> None:
        """Remove the folder with all that is in it; safe to repeat."""
        self._mark.close()
        remove(self.path)


def remove(path: Path) -> None:
    """Remove a folder with all that is in it, however a hostile model has built it; of a link, the link alone."""
    from workflow.worker.shared import janitor  # noqa: PLC0415  not every run removes one

    janitor.remove(str(path))


@contextlib.contextmanager
def folder(purpose: str) -> Iterator[Path]:
    """Yield the path of a ``Scratch`` that lasts as long as the block."""
    made = Scratch(purpose)
    try:
        yield made.path
    finally:
        made.close()


def clear(place: str) -> None:
    """Remove the folders in ``place`` that processes of this user have left behind when they were killed."""
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False) and _is_ours(entry):
                _remove_if_left(Path(entry.path))


def clear_folders(place: Path, pattern: str) -> None:
    """Remove the folders in a place that match a pattern: what programs of others have left when they were killed."""
    for path in place.glob(pattern):
        if path.is_dir() and not path.is_symlink():
            remove(path)


@functools.lru_cache(maxsize=4)
def _clear_once(place: str) -> None:
    clear(place)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return sys.platform == "win32" or entry.stat(follow_symlinks=False).st_uid == os.getuid()


def _marked(path: Path) -> IO[bytes]:
    """Return the open mark of a folder, which gets its name when it is locked: nobody sees one that is not, yet."""
    if sys.platform == "win32":
        return (path / _MARK).open("xb")  # what is open cannot be removed there
    new = path / f"{_MARK}.new"
    mark = new.open("xb")
    with contextlib.suppress(OSError):  # no locks on this file system: then the mark has no name, and nothing counts
        if locks.take(mark):
            new.rename(path / _MARK)
    return mark


def _remove_if_left(path: Path) -> None:
    mark = path / _MARK
    with contextlib.suppress(OSError):  # no mark, or it is locked: not for us
        if sys.platform == "win32":
            mark.unlink()
            remove(path)
            return
        with mark.open("r+b") as handle:
            if locks.take(handle):
                remove(path)
