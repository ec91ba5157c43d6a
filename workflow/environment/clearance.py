"""Removing one environment or all: which, and then each, however the others fare."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow.environment import registry, removal
from workflow.environment.activation.target import ACTIVE
from workflow.environment.model import DEFAULT_NAME
from workflow.errors import EnvironmentProblem, UsageError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.environment.model import Entry
    from workflow.events import Listener


def doomed(name: str | None, *, everything: bool, listener: Listener) -> list[Entry]:
    """Return what is to be removed; raises UsageError for a name beside ``everything``, and for one there is not.

    What this tool did not make is refused when named, and left alone with a warning among all.
    """
    if not everything:
        entry = registry.info(DEFAULT_NAME if name is None else name)  # an empty name is one that cannot be
        removal.refuse_foreign(entry)
        return [entry]
    if name is not None:
        raise UsageError(f"remove {name} or --all, not both")
    entries = registry.list_environments()
    for entry in entries:
        if entry.status == "foreign":
            listener.warn(f"{entry.prefix} was not made by this tool and stays")
    ours = [entry for entry in entries if entry.status != "foreign"]
    if not ours:
        listener.say("there is no environment to remove")
    return ours


def clear(entries: Sequence[Entry], listener: Listener) -> None:
    """Remove these environments; when some could not be, raise for all of them after the others are gone."""
    failures: list[WorkflowError] = []
    for entry in entries:
        try:
            removal.remove(entry.name, listener)
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
