"""Which environments there are and in what condition, from files alone: no subprocess, no lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow.environment import layout, purposes, state
from workflow.environment.blueprint import blueprint
from workflow.environment.model import DEFAULT_NAME, KERAS3_NAME, Entry, Environment
from workflow.errors import EnvironmentProblem

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.model import Status

_UNFINISHED = "its creation or removal did not end (or goes on at this moment)"


def look(name: str) -> Entry:
    """Return what stands under this name, ``absent`` when nothing does."""
    prefix = state.prefix(name)
    if not os.path.lexists(prefix):
        if state.is_marked(prefix):  # its manager was still working elsewhere
            return Entry(name, prefix, "partial", _UNFINISHED)
        return Entry(name, prefix, "absent", "there is no environment of this name")
    if prefix.is_symlink() or not prefix.is_dir():
        return Entry(name, prefix, "foreign", "it is no folder that this tool made")
    if state.exists(prefix):
        return _complete(name, prefix)
    if state.is_marked(prefix):
        return Entry(name, prefix, "partial", _UNFINISHED)
    return Entry(name, prefix, "foreign", "it is no folder that this tool made")


def list_environments() -> list[Entry]:
    """Return every folder among the environments, sorted by name, foreign ones included."""
    try:
        files = [path.name for path in state.folder().iterdir()]
    except FileNotFoundError:
        return []
    names = {state.marked_name(file) or file for file in files}
    return [look(name) for name in sorted(names) if state.is_name(name)]


def info(name: str) -> Entry:
    """Return what stands under this name; raises EnvironmentProblem when nothing does."""
    entry = look(name)
    if entry.status == "absent":
        raise no_such(name)
    return entry


def no_such(name: str) -> EnvironmentProblem:
    """Return the error for a name that no environment has, with the names that there are."""
    ours = name in (DEFAULT_NAME, KERAS3_NAME)  # what others there are says nothing about these
    others = "" if ours else ", ".join(entry.name for entry in list_environments())
    return EnvironmentProblem(
        f"there is no environment named {name!r} in {state.folder()}",
        hint=f"there are: {others}" if others else f"make it: tfjs-workflow env create {name}",
    )


def size(prefix: Path) -> int:
    """Return the bytes of all files below a prefix, hard-linked ones counted once; takes a second or so."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _, files in os.walk(prefix):
        for file in files:
            try:
                facts = os.lstat(os.path.join(folder, file))  # noqa: PTH118  100,000 Path objects would take seconds
            except FileNotFoundError:
                continue  # being removed at this moment
            if (facts.st_dev, facts.st_ino) not in seen:
                seen.add((facts.st_dev, facts.st_ino))
                total += facts.st_size
    return total


def _complete(name: str, prefix: Path) -> Entry:
    known = state.read(prefix)
    if known is None:
        return Entry(name, prefix, "stale", "its state was written by another version of this tool")
    environment = Environment(
        name=name,
        prefix=prefix,
        python=layout.python(prefix),
        manager=known.manager,
        python_version=known.python_version,
        profile=known.profile,
        lock_digest=known.lock_digest,
        caveats=known.caveats,
    )
    entry = Entry(name, prefix, "ready", "", environment, known.created, known.tool_version, known.platform)
    status, reason = _condition(known, environment)
    return entry.replaced(status=status, reason=reason)


def _condition(known: state.State, environment: Environment) -> tuple[Status, str]:
    if (known.name, known.prefix) != (environment.name, str(environment.prefix)):
        return (
            "broken",
            f"it was made as {known.prefix} and moved or copied, which its programs do not survive",
        )
    if known.unhealthy:
        return "broken", f"its last verification failed: {known.unhealthy}"
    if not os.access(environment.python, os.X_OK):
        return "broken", f"its interpreter {environment.python} is missing or not executable"
    program = purposes.of(environment.name).program
    if not layout.program(environment.prefix, program).is_file():
        return "broken", f"its {program} is missing"
    if known.lock_digest != blueprint(environment.name).digest:
        return "stale", "the lock has changed since it was made"
    return "ready", ""
