"""Deleting a prefix, and believing only the disk about it."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING, Any

from workflow.base.errors import StorageError
from workflow.environment import state
from workflow.environment.engine import staging

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def delete(prefix: Path) -> None:
    """Delete a prefix that is ours and what its making left beside it; raises StorageError if some of it stays.

    Killed or failing in the middle, it leaves the mark, by which the rest is recognised as ours later.
    """
    clear(prefix)
    state.unmark(prefix)


def clear(prefix: Path) -> None:
    """Do what ``delete`` does, and leave the mark: something is about to be made there."""
    if not state.is_marked(prefix):
        state.mark(prefix)
    staging.discard(staging.place(prefix))
    if prefix.is_dir():
        state.erase(prefix)
        shutil.rmtree(prefix, onerror=_retry_writable)  # onexc replaces it in 3.12 only
    left = _left(prefix)
    if left:
        raise StorageError(
            f"could not delete all of {prefix}",
            hint="a program may be using it, or its permissions forbid it: mend that and remove it again",
            details="\n".join(str(path) for path in left),
        )


def _retry_writable(function: Callable[..., Any], path: str, _error: object) -> None:
    try:
        if os.path.lexists(path) and not os.path.islink(path):  # noqa: PTH114  rmtree speaks in strings
            os.chmod(os.path.dirname(path), stat.S_IRWXU)  # noqa: PTH101, PTH120
            os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
        if function in {os.unlink, os.rmdir, os.remove}:
            function(path)
        elif os.path.isdir(path):  # noqa: PTH112
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return  # what stays is found by looking afterwards


def _left(prefix: Path, limit: int = 5) -> list[Path]:
    if not os.path.lexists(prefix):
        return []
    left = [path for path in prefix.rglob("*") if not path.is_dir()][:limit]
    return left or [prefix]
