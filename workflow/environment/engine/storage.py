"""Failures of the disk, as the user sees them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from workflow.base.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DISK_HINT = "free some space, or choose another folder with TFJS_WORKFLOW_HOME, then run this again"


@contextlib.contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn failures of the disk into a StorageError that names the path."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}", hint=DISK_HINT) from error
