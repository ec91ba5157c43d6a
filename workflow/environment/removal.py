"""Removing environments, one or all: only what this tool made, and done only when the disk says so."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING, Any

from workflow.base.errors import EnvironmentProblem, ForeignPathError, StorageError, UsageError, WorkflowError
from workflow.base.records import Record
from workflow.environment import claims, orphans, registry, state
from workflow.environment.activation.target import ACTIVE
from workflow.environment.builder import staging
from workflow.environment.entries import DEFAULT_NAME
from workflow.environment.managers import all_managers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.environment.entries import EnvironmentEntry
    from workflow.environment.managers import Manager


class Scope(Record):
    """What is to be removed: ``everything``, what is ``old`` (of other checkouts), or one name of this checkout's."""

    everything: bool = False
    old: bool = False


def doomed(name: str | None, scope: Scope, *, listener: Listener) -> list[EnvironmentEntry]:
    """Return what is to be removed; raises UsageError for what cannot be asked together, and for a name there is not.

    What this tool did not make is refused when named, and left alone with a warning among all. What is old and
    in use stays, with a warning.
    """
    if scope.everything and (name is not None or scope.old):
        raise UsageError(f"remove {'--old' if name is None else name} or --all, not both")
    if scope.old:
        return _old(name, listener)
    if not scope.everything:
        entry = registry.owned(DEFAULT_NAME if name is None else name)  # an empty name is one that cannot be
        refuse_foreign(entry)
        return [entry]
    entries = registry.list_environments()
    for entry in entries:
        if entry.status == "foreign":
            listener.warn(f"{entry.prefix} was not made by this tool and stays")
    ours = [entry for entry in entries if entry.status != "foreign"]
    if not ours:
        listener.say("there is no environment to remove")
    return ours


def _old(name: str | None, listener: Listener) -> list[EnvironmentEntry]:
    names = dict.fromkeys(entry.name for entry in registry.list_environments())
    entries = [entry for known in names if name in (None, known) for entry in registry.others(known)]
    in_use = {entry.key: claims.parties(entry.key) for entry in entries}
    for entry in entries:
        for party in in_use[entry.key]:
            listener.warn(f"{entry.prefix} stays: it is in use by {party}")
    free = [entry for entry in entries if not in_use[entry.key]]
    if not free:
        listener.say("there is no environment of other checkouts to remove")
    return free


def remove_all(entries: Sequence[EnvironmentEntry], listener: Listener, *, forced: bool = False) -> None:
    """Remove these environments; when some could not be, raise for all of them after the others are gone."""
    failures: list[WorkflowError] = []
    for entry in entries:
        try:
            remove_entry(entry, listener, forced=forced)
        except WorkflowError as error:  # noqa: PERF203  each is an affair of its own
            failures.append(error)
        else:
            _say_if_active(entry, listener)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise EnvironmentProblem(
            f"{len(failures)} of {len(entries)} environments could not be removed",
            details="\n".join(failure.message for failure in failures),
            hint=failures[0].hint,
        )


def remove(name: str, listener: Listener, *, managers: Sequence[Manager] | None = None, forced: bool = False) -> None:
    """Remove the environment that this checkout has under this name, complete or not, and make sure that it is gone.

    Raises ForeignPathError for a folder that this tool did not make, EnvironmentProblem when there is none or
    while somebody is at work on it (``forced``: while it is being made), and StorageError when something could not
    be deleted.
    """
    remove_entry(registry.owned(name), listener, managers=managers, forced=forced)


def remove_entry(
    entry: EnvironmentEntry, listener: Listener, *, managers: Sequence[Manager] | None = None, forced: bool = False
) -> None:
    """Remove what stands at the place of this entry, as ``remove`` does, whoever's it is."""
    key = entry.key
    with claims.held(key, listener, patient=False, forced=forced):
        entry = registry.at(key)
        if entry.status == "absent":
            raise registry.no_such(entry.name)
        refuse_foreign(entry)
        _tell_company(entry, listener, forced=forced)
        orphans.end_orphans(state.log_path(key), listener)
        listener.say(f"removing environment {entry.name!r} ({entry.prefix}), which may take half a minute")
        state.mark(entry.prefix)
        _have_forgotten(entry, all_managers() if managers is None else managers, listener)
        delete(entry.prefix)
        orphans.forget(state.log_path(key))
    listener.say(f"removed environment {entry.name!r}")


def refuse_foreign(entry: EnvironmentEntry) -> None:
    """Raise ForeignPathError unless this tool made what stands there."""
    if entry.status == "foreign":
        raise ForeignPathError(
            f"{entry.prefix} was not made by this tool, so it is left alone: {entry.reason}",
            hint="move it away yourself, or choose another name for the environment",
        )


def _tell_company(entry: EnvironmentEntry, listener: Listener, *, forced: bool) -> None:
    """Say who goes on in an environment that is removed by force; refuse, without, where a shell is open in it."""
    if forced:
        for party in claims.parties(entry.key, "use", "shell"):
            listener.warn(f"environment {entry.name!r} is removed under {party}")
    elif shells := claims.busy(entry.key, "shell"):
        raise EnvironmentProblem(
            f"a shell is open in environment {entry.name!r}: {shells}",
            hint="leave that shell (exit), or use --force",
        )


def _have_forgotten(entry: EnvironmentEntry, managers: Sequence[Manager], listener: Listener) -> None:
    """Let the manager remove it first, as conda keeps a list elsewhere; the caller looks at the disk."""
    made_by = entry.environment.manager if entry.environment else ""
    manager = next((found for found in managers if found.name == made_by), None)
    if manager is None or manager.missing() is not None:
        return
    try:
        manager.remove(entry.prefix)
    except (OSError, WorkflowError) as error:
        listener.warn(f"{manager.name} could not remove {entry.prefix} ({error}): deleting the folder")


def delete(prefix: Path) -> None:
    """Delete a prefix that is ours and what its making left beside it; raises StorageError if some of it stays.

    Killed or failing in the middle, it leaves the mark, by which the rest is recognised as ours later.
    """
    empty(prefix)
    state.unmark(prefix)


def empty(prefix: Path) -> None:
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
    left = sorted(path for path in prefix.rglob("*") if not path.is_dir())[:limit]
    return left or [prefix]


def _say_if_active(entry: EnvironmentEntry, listener: Listener) -> None:
    if os.environ.get(ACTIVE) == str(entry.prefix):
        listener.warn("this shell is still set up for it: type deactivate")
