"""The ways to get a Python into a folder: what each can do, what it is told, and all of them in their order."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workflow.environment.blueprint import KERAS3, purpose_of

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.environment.blueprint import Blueprint
    from workflow.environment.entries import ManagerName
    from workflow.environment.settings import Settings


@dataclass(frozen=True)
class BuildOrder:
    """What to build from, and how: the blueprint, the settings that hold, a folder for what is fetched.

    ``log`` receives the output of everything that is run.
    """

    blueprint: Blueprint
    settings: Settings
    cache: Path
    listener: Listener
    log: Path


class Manager(Protocol):
    """One way to put a Python interpreter with pip into a prefix."""

    @property
    def name(self) -> ManagerName:
        """The name that ``--manager`` takes and that the state records."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """What is not as the user asked when this manager is used: shown, recorded, refused by ``--strict``."""

    def missing(self) -> str | None:
        """Return None when this manager can be used here, else the reason why not. Changes nothing."""

    def create(self, prefix: Path, order: BuildOrder) -> None:
        """Make a Python with pip at ``prefix``, an absolute path that does not exist yet.

        Raises an ``EnvironmentProblem`` (DownloadError, IntegrityError...) on failure; what it leaves behind then
        is removed by the caller.
        """

    def remove(self, prefix: Path) -> None:
        """Forget and delete the prefix; the caller checks the disk afterwards and deletes what is left."""


# imported when their turn comes: most are never needed
_TABLE: dict[ManagerName, tuple[str, ...]] = {
    "micromamba": ("conda_cli", "CondaCliManager", "micromamba"),
    "mamba": ("conda_cli", "CondaCliManager", "mamba"),
    "conda": ("conda_cli", "CondaCliManager", "conda"),
    "embedded": ("embedded", "EmbeddedManager"),
    "python": ("python", "PythonManager"),
    "python-nearby": ("python", "NearbyPythonManager"),
}
NAMES: tuple[ManagerName, ...] = tuple(_TABLE)
"""All managers in the order in which they are tried."""


def make(name: ManagerName) -> Manager:
    """Return the manager of this name."""
    module, kind, *arguments = _TABLE[name]
    return _made(module, kind, *arguments)


def managers_for(name: str) -> list[Manager]:
    """Return the managers that can make the environment of this name, in the order in which they are tried."""
    return [_made("python", "TodaysPythonManager")] if purpose_of(name) is KERAS3 else all_managers()


def all_managers() -> list[Manager]:
    """Return every manager in the order in which they are tried."""
    return [make(name) for name in NAMES]


def _made(module: str, kind: str, *arguments: str) -> Manager:
    manager: Manager = getattr(importlib.import_module(f"{__name__}.{module}"), kind)(*arguments)
    return manager
