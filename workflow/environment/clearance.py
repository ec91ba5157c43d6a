"""Removing one environment or all: which, and then each, however the others fare."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow.base.errors import EnvironmentProblem, UsageError, WorkflowError
from workflow.base.records import Record
from workflow.environment import claims, registry, removal
from workflow.environment.activation.target import ACTIVE
from workflow.environment.model import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.base.events import Listener
    from workflow.environment.model import Entry


class Scope(Record):
    """What is to be removed: ``everything``, what is ``old`` (of other checkouts), or one name of this checkout's."""

    everything: bool = False
    old: bool = False


def doomed(name: str | None, scope: Scope, *, listener: Listener) -> list[Entry]:
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
        removal.refuse_foreign(entry)
        return [entry]
    entries = registry.list_environments()
    for entry in entries:
        if entry.status == "foreign":
            listener.warn(f"{entry.prefix} was not made by this tool and stays")
    ours = [entry for entry in entries if entry.status != "foreign"]
    if not ours:
        listener.say("there is no environment to remove")
    return ours


def _old(name: str | None, listener: Listener) -> list[Entry]:
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


def clear(entries: Sequence[Entry], listener: Listener, *, forced: bool = False) -> None:
    """Remove these environments; when some could not be, raise for all of them after the others are gone."""
    failures: list[WorkflowError] = []
    for entry in entries:
        try:
            removal.remove_entry(entry, listener, forced=forced)
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


def _say_if_active(entry: Entry, listener: Listener) -> None:
    if os.environ.get(ACTIVE) == str(entry.prefix):
        listener.warn("this shell is still set up for it: type deactivate")
