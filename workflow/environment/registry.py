"""Which environments there are and in what condition, from files alone: no subprocess, no waiting for a lock.

And which names make one: two are known, others must be meant, for a slip of the finger costs 2 GB.
"""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

from workflow.base.errors import EnvironmentProblem, UsageError
from workflow.environment import claims, layout, state
from workflow.environment.blueprint import blueprint, purpose_of
from workflow.environment.entries import DEFAULT_NAME, KERAS3_NAME, Environment, EnvironmentEntry

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.entries import Status

_UNFINISHED = "its creation or removal did not end (or goes on at this moment)"
_KNOWN = (DEFAULT_NAME, KERAS3_NAME)
_NEAR = 0.7


def look(name: str) -> EnvironmentEntry:
    """Return what stands under this name for this checkout, whose locks decide the place; ``absent`` when nothing does.

    One that a former version made is taken when it is of the same locks.
    """
    plain, digest = state.prefix(name), blueprint(name).digest
    own = state.place(name, digest)
    return _at(plain if not state.stands(own) and state.digest_of(plain) == digest else own)


def list_environments() -> list[EnvironmentEntry]:
    """Return every folder among the environments, sorted by name: those of other checkouts and foreign ones, too."""
    try:
        files = [path.name for path in state.folder().iterdir()]
    except FileNotFoundError:
        return []
    keys = {state.marked_name(file) or file for file in files}
    return [_among_all(state.folder() / key) for key in sorted(keys) if state.split(key)[0]]


def others(name: str) -> list[EnvironmentEntry]:
    """Return what this tool made under this name and this checkout does not use, the latest used first."""
    return [entry for entry in _of_name(name) if not entry.current and entry.status != "foreign"]


def info(text: str) -> EnvironmentEntry:
    """Return what stands under this name, or, where this checkout has none, the one of others that was used last.

    ``text`` may also be a name with the first digits of a lock, as in ``tfjs@f50e``. Raises EnvironmentProblem when
    there is none.
    """
    name, digits = state.split(text)
    if digits:
        return _of_lock(name, digits)
    entry = look(text)
    if entry.status != "absent":
        return entry
    for remaining in _of_name(text):
        return remaining
    raise no_such(text)


def owned(text: str) -> EnvironmentEntry:
    """Return what this checkout has under this name; raises EnvironmentProblem when there is none, or only others'.

    Those of other checkouts are named with the first digits of their locks.
    """
    entry = info(text)
    if entry.current or "@" in text:
        return entry
    keys = ", ".join(f"{text}@{digest[:12]}" for other in others(text) if (digest := _digest(other)))
    raise EnvironmentProblem(
        f"there is no environment {text!r} of this checkout's lock, only of others: {keys}",
        hint="tfjs-workflow env remove --old removes those of others; or name one",
    )


def at(key: str) -> EnvironmentEntry:
    """Return what stands under a key, ``absent`` when nothing does."""
    return _among_all(state.folder() / key)


def no_such(name: str) -> EnvironmentProblem:
    """Return the error for a name that no environment has, with the names that there are."""
    ours = name in (DEFAULT_NAME, KERAS3_NAME)  # what others there are says nothing about these
    there = "" if ours else ", ".join(dict.fromkeys(entry.name for entry in list_environments()))
    return EnvironmentProblem(
        f"there is no environment named {name!r} in {state.folder()}",
        hint=f"there are: {there}" if there else f"make it: tfjs-workflow env create {name}",
    )


def require_meant(name: str, *, like: str | None = None) -> None:
    """Raise UsageError for a name that is neither known nor there, unless the user says what it is to be like."""
    if like is not None and (like != DEFAULT_NAME or name == KERAS3_NAME):
        raise UsageError(
            f"--as: there is one sort that may have other names, {DEFAULT_NAME}; {KERAS3_NAME} has its name alone",
            hint=f"tfjs-workflow env create {name if name != KERAS3_NAME else 'NAME'} --as {DEFAULT_NAME}",
        )
    if like is None and not _is_there(name):
        near = _near(name)
        raise UsageError(
            f"there is no environment named {name!r}" + (f"; did you mean {near!r}?" if near else ""),
            hint=f"to make a further one of this name: tfjs-workflow env create {name} --as {DEFAULT_NAME} (2 GB)",
        )


def require_no_slip(name: str) -> None:
    """Raise EnvironmentProblem for a new name that looks like a slip; a recipe makes any other by naming it.

    ``tfsj`` and ``keras2`` are slips, ``tfjs2`` and ``mine`` are not.
    """
    near = "" if _is_there(name) else _near(name)
    if near and (near not in name or near == name.lower()):
        raise EnvironmentProblem(
            f"there is no environment named {name!r}; did you mean {near!r}?",
            hint=f"or make one of this name: tfjs-workflow env create {name} --as {DEFAULT_NAME}",
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


def _of_lock(name: str, digits: str) -> EnvironmentEntry:
    found = [entry for entry in list_environments() if entry.name == name and _digest(entry).startswith(digits)]
    if len(found) == 1:
        return found[0]
    keys = ", ".join(f"{entry.name}@{_digest(entry)[:12]}" for entry in list_environments() if _digest(entry))
    raise EnvironmentProblem(
        f"there is {'no' if not found else 'more than one'} environment {name}@{digits} in {state.folder()}",
        hint=f"there are: {keys}" if keys else "tfjs-workflow env list shows them",
    )


def _digest(entry: EnvironmentEntry) -> str:
    return state.digest_of(entry.prefix) or state.split(entry.key)[1]


def _of_name(name: str) -> list[EnvironmentEntry]:
    """Return all of one name, the latest used first, foreign ones last."""
    found = [entry for entry in list_environments() if entry.name == name]
    return sorted(found, key=lambda entry: (entry.status == "foreign", -(claims.last_used(entry.key) or 0.0)))


def _among_all(prefix: Path) -> EnvironmentEntry:
    """Return what stands at a prefix, and whether it is the one that this checkout takes for its name."""
    entry = _at(prefix)
    if entry.status == "foreign":
        return entry
    ours = look(entry.name)
    own = ours.prefix
    if prefix == own or (ours.status == "absent" and not _digest(entry)):
        return entry  # of a former version's unfinished work nothing says whose it is: so it is whose who asks
    if entry.status == "ready":  # of our locks as well, made by a former version beside this one's
        entry = entry.replaced(status="stale", reason=f"{own} is of the same lock, and used instead")
    return entry.replaced(current=False)


def _at(prefix: Path) -> EnvironmentEntry:
    name = state.name_of(prefix)
    if not os.path.lexists(prefix):
        if state.is_marked(prefix):  # its manager was still working elsewhere
            return EnvironmentEntry(name, prefix, "partial", _UNFINISHED)
        return EnvironmentEntry(name, prefix, "absent", "there is no environment of this name")
    if prefix.is_symlink() or not prefix.is_dir():
        return EnvironmentEntry(name, prefix, "foreign", "it is no folder that this tool made")
    if state.exists(prefix):
        return _complete(name, prefix)
    if state.is_marked(prefix):
        return EnvironmentEntry(name, prefix, "partial", _UNFINISHED)
    return EnvironmentEntry(name, prefix, "foreign", "it is no folder that this tool made")


def _complete(name: str, prefix: Path) -> EnvironmentEntry:
    known = state.read(prefix)
    if known is None:
        return EnvironmentEntry(name, prefix, "stale", "its state was written by another version of this tool")
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
    status, reason = _condition(known, environment)
    return EnvironmentEntry(
        name, prefix, status, reason, environment, known.created, known.tool_version, known.platform
    )


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
    program = purpose_of(environment.name).program
    if not layout.program(environment.prefix, program).is_file():
        return "broken", f"its {program} is missing"
    if known.lock_digest != blueprint(environment.name).digest:
        return "stale", "it is of another lock than this checkout's"
    return "ready", ""


def _is_there(name: str) -> bool:
    return name in _KNOWN or look(name).status != "absent" or bool(others(name))


def _near(name: str) -> str:
    names = [*_KNOWN, *(entry.name for entry in list_environments() if entry.status != "foreign")]
    return next(iter(difflib.get_close_matches(name.lower(), names, cutoff=_NEAR)), "")
