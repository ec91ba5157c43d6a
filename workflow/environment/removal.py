"""Removing environments: only what this tool made, and done only when the disk says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import EnvironmentProblem, ForeignPathError, WorkflowError
from workflow.environment import choosing, claims, disposal, registry, state, tether

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.base.events import Listener
    from workflow.environment.managers.base import Manager
    from workflow.environment.model import Entry


def remove(name: str, listener: Listener, *, managers: Sequence[Manager] | None = None, forced: bool = False) -> None:
    """Remove the environment that this checkout has under this name, complete or not, and make sure that it is gone.

    Raises ForeignPathError for a folder that this tool did not make, EnvironmentProblem when there is none or
    while somebody is at work on it (``forced``: while it is being made), and StorageError when something could not
    be deleted.
    """
    remove_entry(registry.owned(name), listener, managers=managers, forced=forced)


def remove_entry(
    entry: Entry, listener: Listener, *, managers: Sequence[Manager] | None = None, forced: bool = False
) -> None:
    """Remove what stands at the place of this entry, as ``remove`` does, whoever's it is."""
    key = entry.key
    with claims.held(key, listener, patient=False, forced=forced):
        entry = registry.at(key)
        if entry.status == "absent":
            raise registry.no_such(entry.name)
        refuse_foreign(entry)
        _tell_company(entry, listener, forced=forced)
        tether.end_orphans(state.log_path(key), listener)
        listener.say(f"removing environment {entry.name!r} ({entry.prefix}), which may take half a minute")
        state.mark(entry.prefix)
        _have_forgotten(entry, choosing.all_managers() if managers is None else managers, listener)
        disposal.delete(entry.prefix)
        tether.forget(state.log_path(key))
    listener.say(f"removed environment {entry.name!r}")


def refuse_foreign(entry: Entry) -> None:
    """Raise ForeignPathError unless this tool made what stands there."""
    if entry.status == "foreign":
        raise ForeignPathError(
            f"{entry.prefix} was not made by this tool, so it is left alone: {entry.reason}",
            hint="move it away yourself, or choose another name for the environment",
        )


def _tell_company(entry: Entry, listener: Listener, *, forced: bool) -> None:
    """Say who goes on in an environment that is removed by force; refuse, without, where a shell is open in it."""
    if forced:
        for party in claims.parties(entry.key, "use", "shell"):
            listener.warn(f"environment {entry.name!r} is removed under {party}")
    elif shells := claims.busy(entry.key, "shell"):
        raise EnvironmentProblem(
            f"a shell is open in environment {entry.name!r}: {shells}",
            hint="leave that shell (exit), or use --force",
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
