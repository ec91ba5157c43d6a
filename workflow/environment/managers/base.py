"""The seam between the life cycle of an environment and the ways to get a Python 3.8 into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener

ManagerName = Literal["micromamba", "mamba", "conda", "embedded", "python", "python-nearby"]


@dataclass(frozen=True)
class Order:
    """What to build from and how: the conda lock, the conda platform (``linux-64``...), and the circumstances.

    ``mirrors`` are base URLs that stand in for ``https://conda.anaconda.org/conda-forge``, tried in this order.
    ``log`` receives the output of everything that is run.
    """

    conda_lock: Path
    platform: str
    cache: Path
    mirrors: tuple[str, ...]
    offline: bool
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

    def create(self, prefix: Path, order: Order) -> None:
        """Make a Python with pip at ``prefix``, an absolute path that does not exist yet.

        Raises an ``EnvironmentProblem`` (DownloadError, IntegrityError...) on failure; what it leaves behind then
        is removed by the caller.
        """

    def remove(self, prefix: Path) -> None:
        """Forget and delete the prefix; the caller checks the disk afterwards and deletes what is left."""
