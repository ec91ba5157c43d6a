"""Running commands in an environment: its own executables, directly, on this terminal."""

from __future__ import annotations

import contextlib
import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import processes, programs
from workflow.base.errors import EnvironmentProblem, UsageError
from workflow.environment import claims, layout, lifecycle, registry
from workflow.environment.layout import worker_environ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.base.events import Listener
    from workflow.environment.claims import Claim, Work
    from workflow.environment.entries import Environment


@dataclass(frozen=True)
class Command:
    """A command whose program has been found; ``outside`` when that is none of the environment's."""

    argv: tuple[str, ...]
    outside: bool


def usable(name: str, listener: Listener) -> Environment:
    """Return the environment of this name for entering it or running something in it; makes and repairs nothing.

    One whose lock has changed still works, which is said. Raises EnvironmentProblem for any other that is not ready.
    """
    entry = registry.info(name)
    if entry.environment and entry.status == "ready":
        return entry.environment
    if entry.environment and entry.status == "stale":
        listener.warn(
            f"environment {name!r} is stale: {entry.reason}; tfjs-workflow env create {name} makes one for it"
        )
        return entry.environment
    raise EnvironmentProblem(
        f"environment {name!r} cannot be used: {entry.reason}", hint=f"make it anew: tfjs-workflow env create {name}"
    )


def verifiable(name: str) -> Environment:
    """Return the environment of this name for checking it, ready or not, as long as it was once complete."""
    entry = registry.info(name)
    if entry.environment is None:
        raise EnvironmentProblem(
            f"environment {name!r} cannot be checked: {entry.reason}",
            hint=f"make it anew: tfjs-workflow env create {name}",
        )
    return entry.environment


@contextlib.contextmanager
def claimed(environment: Environment, listener: Listener, *, work: Work = "use") -> Iterator[Claim]:
    """Claim an environment for the time of the block; raises EnvironmentProblem when it has just been removed."""
    claim = claims.use(environment.prefix.name, listener, work=work)
    try:
        if registry.at(environment.prefix.name).environment != environment:
            raise registry.no_such(environment.name)
        yield claim
    finally:
        claim.release()


def failing(name: str, listener: Listener) -> list[str]:
    """Return the titles of the checks that an environment which is ready does not pass."""
    found = registry.look(name).environment
    if found is None:
        return []
    with claimed(found, listener):
        return [check.title for check in lifecycle.verify(found) if check.verdict == "failed"]


def resolve(environment: Environment, argv: Sequence[str]) -> Command:
    """Find the program of a command as the environment's shell would: its own first, then the rest of PATH."""
    if not argv:
        raise UsageError("there is no command to run", hint="for example: tfjs-workflow env run -- python --version")
    if os.path.dirname(argv[0]):  # noqa: PTH120  ./x and x differ, and Path makes them alike
        return Command(tuple(argv), outside=False)  # a path is what was asked for, wherever it is
    found = programs.found(argv[0], path=worker_environ(environment)["PATH"])
    if found is None:
        raise UsageError(
            f"there is no command {argv[0]!r}, in the environment or on PATH", hint=_similar(environment, argv[0])
        )
    return Command((found, *argv[1:]), outside=not Path(found).is_relative_to(environment.prefix))


def run(environment: Environment, argv: Sequence[str], *, listener: Listener) -> int:
    """Run a command on this terminal and return its exit code as a shell gives it (128 and more: a signal)."""
    command = resolve(environment, argv)
    if command.outside:
        listener.warn(f"{argv[0]} is not in environment {environment.name!r}: running {command.argv[0]}")
    with claimed(environment, listener) as claim:
        try:
            # what it starts may go on when we are gone, and holds the claim as long
            environ, inherited = worker_environ(environment), claim.descriptors
            code = processes.run_foreground(command.argv, env=environ, inherited=inherited)
        except OSError as error:
            raise UsageError(f"{command.argv[0]} cannot be run: {error.strerror or error}") from error
    return code if code >= 0 else 128 - code


def _similar(environment: Environment, name: str) -> str:
    folders = (folder for folder in layout.search_path(environment.prefix) if folder.is_dir())
    near = difflib.get_close_matches(name, {path.stem for folder in folders for path in folder.iterdir()}, n=3)
    return f"did you mean {' or '.join(near)}?" if near else "give the path of a program that is not on PATH"
