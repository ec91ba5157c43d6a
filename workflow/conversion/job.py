"""One conversion to do, as the engines see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workflow.base.records import Record

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.bridge.warm_worker import WorkerLike
    from workflow.models.summary import ModelSummary
    from workflow.recipe.recipes import Step


class Workers(Protocol):
    """Gives workers; each environment is made ready when a worker of it is first asked for."""

    def warm(self) -> WorkerLike:
        """Return the warm worker of the converter environment."""

    def keras3(self) -> WorkerLike:
        """Return the warm worker of the environment for files of Keras 3."""


class Work(Record):
    """One conversion: ``target`` is the staged path, beside which scratch files may stand.

    ``summary`` is what is known of the input, None where it is a handle.
    """

    step: Step
    target: Path
    log: Path
    timeout: float | None
    workers: Workers
    listener: Listener
    summary: ModelSummary | None = None

    def worker(self) -> WorkerLike:
        """Return the warm worker of the converter environment."""
        return self.workers.warm()

    @property
    def of_keras_3(self) -> bool:
        """Whether Keras 3 or later wrote the input, which the converter environment's Keras cannot load."""
        if self.summary is None or self.step.from_format not in ("keras", "keras_keras"):
            return False
        major = str(self.summary.details.get("keras_version") or "").partition(".")[0]
        return major not in ("", "1", "2")
