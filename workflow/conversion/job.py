"""One conversion being done: what the engines need to know, from the runner down to the native code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.base.events import Listener
    from workflow.bridge.warm_worker import WorkerLike
    from workflow.catalogue.formats import Format
    from workflow.catalogue.options import OptionValue
    from workflow.models.inspection import ModelSummary
    from workflow.recipe.recipes import Step


class Workers(Protocol):
    """Gives workers; each environment is made ready when a worker of it is first asked for."""

    def warm(self) -> WorkerLike:
        """Return the warm worker of the converter environment."""

    def keras3(self) -> WorkerLike:
        """Return the warm worker of the environment for files of Keras 3."""


class Nobody:
    """The workers of a job that needs none."""

    def warm(self) -> NoReturn:
        """Refuse: native code works alone."""
        raise AssertionError("this job was given no workers")

    keras3 = warm


class Job(Record):
    """One conversion: ``target`` does not exist yet, its parent folder does, and scratch files may stand beside it.

    ``options`` have the converter's names; ``summary`` is what is known of the input, None where nobody has looked.
    """

    source: Path
    source_format: Format
    target: Path
    target_format: Format
    options: Mapping[str, OptionValue]
    listener: Listener
    declared: Step | None = None
    """The step that it is done for, with the formats that its input has in truth."""
    log: Path = Path(os.devnull)
    timeout: float | None = None
    workers: Workers = Nobody()
    summary: ModelSummary | None = None

    @property
    def step(self) -> Step:
        """The step that it is done for; raises ``TypeError`` for a job that no recipe asks for."""
        if self.declared is None:
            raise TypeError(self)
        return self.declared

    @property
    def of_keras_3(self) -> bool:
        """Whether Keras 3 or later wrote the input, which the converter environment's Keras cannot load."""
        if self.summary is None or self.source_format not in ("keras", "keras_keras"):
            return False
        major = str(self.summary.details.get("keras_version") or "").partition(".")[0]
        return major not in ("", "1", "2")
