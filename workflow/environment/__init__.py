"""The converter environment: found, made, checked, removed. Light to import; the modules do the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.environment.entries import DEFAULT_NAME, KERAS3_NAME, Environment, EnvironmentEntry, Wishes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.environment.claims import Claim
    from workflow.environment.health import Check

__all__ = [
    "DEFAULT_NAME",
    "KERAS3_NAME",
    "Environment",
    "EnvironmentEntry",
    "Wishes",
    "ensure",
    "find",
    "info",
    "list_environments",
    "lock_digest",
    "remove",
    "size",
    "taken",
    "verify",
    "worker_environ",
]

# every function imports its module when called: --help and check need none of them


def lock_digest(name: str = DEFAULT_NAME) -> str:
    """Return the sha256 over the locks that the environment of this name is made from on this platform."""
    from workflow.environment.blueprint import blueprint  # noqa: PLC0415

    return blueprint(name).digest


def find(name: str) -> Environment | None:
    """Return the environment of this name if it is complete and up to date; runs nothing."""
    from workflow.environment import registry  # noqa: PLC0415

    entry = registry.look(name)
    return entry.environment if entry.status == "ready" else None


def ensure(name: str, *, wishes: Wishes, listener: Listener) -> Environment:
    """Return the environment of this name, making or repairing it first when it is not ready."""
    from workflow.environment import lifecycle  # noqa: PLC0415

    return lifecycle.ensure(name, wishes=wishes, listener=listener)


def taken(name: str, *, wishes: Wishes, listener: Listener) -> tuple[Environment, Claim]:
    """Return the environment of this name as ``ensure`` does, and a claim by which nobody removes it meanwhile."""
    from workflow.environment import lifecycle  # noqa: PLC0415

    return lifecycle.taken(name, wishes=wishes, listener=listener)


def verify(environment: Environment, *, deep: bool = False) -> Iterator[Check]:
    """Run the health checks (``deep``: hash every file, too), yield each; after a failure ``ensure`` makes it anew."""
    from workflow.environment import lifecycle  # noqa: PLC0415

    return lifecycle.verify(environment, deep=deep)


def worker_environ(environment: Environment) -> dict[str, str]:
    """Return the process environment in which the environment's own programs run."""
    from workflow.environment import layout  # noqa: PLC0415

    return layout.worker_environ(environment)


def list_environments() -> list[EnvironmentEntry]:
    """Return everything that stands among the environments, whatever its condition."""
    from workflow.environment import registry  # noqa: PLC0415

    return registry.list_environments()


def info(name: str) -> EnvironmentEntry:
    """Return what stands under this name; raises EnvironmentProblem when nothing does."""
    from workflow.environment import registry  # noqa: PLC0415

    return registry.info(name)


def size(prefix: Path) -> int:
    """Return the bytes that an environment takes; walks its 20,000 files."""
    from workflow.environment import registry  # noqa: PLC0415

    return registry.size(prefix)


def remove(name: str, listener: Listener) -> None:
    """Remove what this checkout has under this name, complete or not, and see that it is gone."""
    from workflow.environment import removal  # noqa: PLC0415

    removal.remove(name, listener)
