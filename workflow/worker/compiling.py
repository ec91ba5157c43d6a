"""The worker's own modules compiled for this Python: behind the wall nothing can be kept for the next start."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from typing import Iterator


def compile_stale(folder: str) -> None:
    """Compile the modules below a folder that have no bytecode of this Python, as importing them would; once each."""
    stale = [path for path in _modules(folder) if _is_stale(path)]
    if not stale:
        return
    import py_compile

    for path in stale:
        with contextlib.suppress(OSError, py_compile.PyCompileError):  # an installation of somebody else's
            py_compile.compile(path, doraise=True)


def _modules(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _modules(entry.path)


def _is_stale(path: str) -> bool:
    try:
        return os.stat(importlib.util.cache_from_source(path)).st_mtime < os.stat(path).st_mtime
    except OSError:
        return True
