"""Creating environments without Python, packages or network: fakes around the real life cycle."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.environment.health import Check, Verdict
from workflow.environment.interpreters import Interpreter
from workflow.environment.lifecycle import Builders
from workflow.environment.managers.fake import FakeManager

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workflow.environment import Environment
    from workflow.environment.managers import BuildOrder


@dataclass
class FakeBuilders:
    """Counts what it did; ``failure`` is raised while packages are added, ``unhealthy`` fails the second check."""

    managers: Sequence[FakeManager] = field(default_factory=lambda: [FakeManager()])
    failure: BaseException | None = None
    unhealthy: bool = False
    seconds: float = 0.0
    equipped: list[Path] = field(default_factory=list)

    def builders(self) -> Builders:
        return Builders(managers=lambda: self.managers, ask=self._ask, equip=self._equip, check=self._check)

    def _ask(self, python: Path) -> Interpreter:
        return Interpreter(executable=python, version="3.8.20", packages=python.parent.parent / "lib")

    def _equip(self, python: Path, order: BuildOrder) -> None:
        time.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        self.equipped.append(python)

    def _check(self, environment: Environment, log: Path) -> Iterator[Check]:
        yield Check("one", "python --version", 0.1, "ok", "Python 3.8.20")
        verdict: Verdict = "failed" if self.unhealthy else "ok"
        yield Check("two", "pip check", 0.1, verdict, "the output", "a note" if self.unhealthy else "")
