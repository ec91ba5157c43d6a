"""The names of unfinished files beside the user's own, and how those of killed processes are told and removed.

| name                            | what it is                                   | who removes it after a kill |
|---------------------------------|----------------------------------------------|-----------------------------|
| `.NAME.PID.partial`             | NAME, being written in one step              | `sweep`, with the next NAME |
| `.NAME.partial`                 | NAME, being written where nothing stands yet | `sweep_all` of its folder   |
| `.NAME.tfjs-workflow-staging`   | the next version of an output                | `publishing.recover`        |
| `.NAME.tfjs-workflow-previous`  | the version that is being replaced           | `publishing.recover`        |
| `.NAME.tfjs-workflow.json.next` | the sidecar of what is being published       | `publishing.recover`        |

An unfinished file is locked by who writes it. One that nobody holds, of a process that is gone, is a stray.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

_UNFINISHED = re.compile(r"\.(?P<name>.+?)(?:\.(?P<process>\d{1,10}))?\.partial")


def partial_path(path: Path) -> Path:
    """Return where this process writes what is to stand at ``path``."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def claim_path(path: Path) -> Path:
    """Return where whichever process comes first writes what is to stand at ``path``."""
    return path.with_name(f".{path.name}.partial")


def own(file: IO[bytes], path: Path) -> bool:
    """Show for as long as the file is open that it has an owner, and return whether it still stands at ``path``.

    Whoever sweeps may have taken one that had just been made for a stray: then it is to be made again. Where files
    cannot be locked the name alone shows the owner.
    """
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)  # held by others for no longer than sweeping takes
    return _stands(file, path)


def _stands(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def sweep(path: Path) -> None:
    """Remove what processes that are gone have left of ``path`` beside it."""
    _sweep(path.parent, name=path.name)


def sweep_all(folder: Path) -> None:
    """Remove what processes that are gone have left unfinished in a folder that is the tool's own."""
    _sweep(folder, name=None)


def _sweep(folder: Path, *, name: str | None) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.endswith(".partial"):
                continue
            found = _UNFINISHED.fullmatch(entry.name)
            if found and name in (None, found["name"]) and not _lives(found["process"]):
                _remove_if_left(Path(entry.path))


def _lives(process: str | None) -> bool:
    """Tell whether a process of this number is there; those of other machines and containers hold their locks."""
    if process is None or sys.platform == "win32":
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return int(process) != os.getpid()  # of ours there is none when this is called: it is of one before us


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):  # it is held, gone, or not ours to open: not for us
        if not path.is_file() or path.is_symlink():
            return
        if sys.platform != "win32":
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _stands(file, path):
                    path.unlink()
        else:
            path.unlink()  # which fails for what is open
