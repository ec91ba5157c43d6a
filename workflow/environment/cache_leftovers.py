"""What killed programs have left in our caches: unpacked halves of packages, which nobody else would ever remove."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from typing import TYPE_CHECKING

from workflow.base import locations, locks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_UV_LOCK = ".lock"  # which every uv shares while it works in a cache
_UV_LEFT = ".tmp*"
_IN_USE = "in-use.lock"
_POLL_SECONDS = 0.05


def clear_uv(environ: Mapping[str, str]) -> None:
    """Remove what killed uvs have left in the cache of this environment, if it is ours and no uv is at work in it."""
    cache = locations.cache() / "uv"
    if sys.platform == "win32" or environ.get("UV_CACHE_DIR") != str(cache):
        return  # one that the user has chosen is the user's affair
    with contextlib.suppress(OSError), (cache / _UV_LOCK).open("r+b") as lock:  # no cache yet, or no locks there
        if locks.take(lock):
            _remove(cache, _UV_LEFT)


@contextlib.contextmanager
def unpacking(cache: Path, left: str) -> Iterator[None]:
    """Share a cache with others who unpack into its ``packages`` for the time of the block.

    Whoever begins and is alone removes what matches ``left`` there: its owner has been killed.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with locks.opened(cache / _IN_USE) as lock:
        with contextlib.suppress(OSError):  # a file system without locks: then nothing is cleared up
            if locks.take(lock):
                _remove(cache / "packages", left)
                locks.release(lock)
            while not locks.share(lock):  # another is clearing up, which takes a moment
                time.sleep(_POLL_SECONDS)
        yield


def _remove(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
