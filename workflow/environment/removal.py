"""Removing environments: only what this tool made, and done only when the disk says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.environment import choosing, claims, disposal, registry, state, tether
from workflow.errors import ForeignPathError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.environment.managers.base import Manager
    from workflow.environment.model import Entry
    from workflow.events import Listener


def remove(name: str, listener: Listener, *, managers: Sequence[Manager] | None = None) -> None:
    """Remove an environment, complete or not, and make sure that it is gone.

    Raises ForeignPathError for a folder that this tool did not make, EnvironmentProblem when there is none or
    while another process works on it, and StorageError when something could not be deleted.
    """
    registry.info(name)  # before the lock, so that a name that is not there leaves no lock file
    with claims.held(name, listener, patient=False):
        entry = registry.info(name)
        refuse_foreign(entry)
        tether.end_orphans(state.log_path(name), listener)
        listener.say(f"removing environment {name!r} ({entry.prefix}), which may take half a minute")
        state.mark(entry.prefix)
        _have_forgotten(entry, choosing.all_managers() if managers is None else managers, listener)
        disposal.delete(entry.prefix)
    listener.say(f"removed environment {name!r}")


def refuse_foreign(entry: Entry) -> None:
    """Raise ForeignPathError unless this tool made what stands there."""
    if entry.status == "foreign":
        raise ForeignPathError(
            f"{entry.prefix} was not made by this tool, so it is left alone: {entry.reason}",
            hint="move it away yourself, or choose another name for the environment",
        )


def _have_forgotten(entry: Entry, managers: Sequence[Manager], listener: Listener) -> None:
    """Let the manager remove it first, as conda keeps a list elsewhere; the caller looks at the disk."""
    made_by = entry.environment.manager if entry.environment else ""
    manager = next((found for found in managers if found.name == made_by), None)
    if manager is None or manager.missing() is not None:
        return
    try:
        manager.remove(entry.prefix)
    except (OSError, WorkflowError) as error:
        listener.warn(f"{manager.name} could not remove {entry.prefix} ({error}): deleting the folder")
