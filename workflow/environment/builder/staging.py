"""The folder in which an environment grows until it is renamed to its place: marked, to be deleted safely."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from workflow.base.errors import ForeignPathError
from workflow.base.storage import storing

if TYPE_CHECKING:
    from pathlib import Path

_MARK = ".tfjs-workflow-stage"


def place(prefix: Path) -> Path:
    """Return the stage of a prefix: beside it, as a rename must stay on one disk."""
    return prefix.with_name(f".{prefix.name}.stage")


def prepare(stage: Path) -> None:
    """Make an empty marked stage, in place of what an interrupted run left there.

    Raises ForeignPathError when something else is there, StorageError when it cannot be written.
    """
    discard(stage)
    if stage.exists():
        raise ForeignPathError(
            f"{stage} is in the way, and is not a leftover of this tool",
            hint="move it away, then run this again",
        )
    with storing(stage):
        stage.mkdir(parents=True)
        (stage / _MARK).touch()


def publish(stage: Path, prefix: Path) -> None:
    """Give the finished environment its name."""
    with storing(prefix):
        (stage / _MARK).unlink()
        stage.rename(prefix)


def discard(stage: Path) -> None:
    """Delete a stage of ours, if there is one; a folder without our mark stays unless it is empty."""
    if stage.is_symlink() or not stage.is_dir():
        return
    if (stage / _MARK).exists():
        shutil.rmtree(stage, ignore_errors=True)
    elif not any(stage.iterdir()):
        stage.rmdir()
