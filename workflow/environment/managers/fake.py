"""A manager for tests: instant, and failing in any way that it is told to."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.environment import layout, state
from workflow.environment.blueprint import purpose_of

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.errors import WorkflowError
    from workflow.environment.entries import ManagerName
    from workflow.environment.managers import BuildOrder


@dataclass
class FakeManager:
    """Makes prefixes whose programs are empty files; counts what was made and removed.

    ``absence`` is its answer to ``missing()``. ``failure`` is raised by ``create`` after half of the work;
    ``forgetful`` makes ``remove`` leave everything where it is.
    """

    name: ManagerName = "embedded"
    caveats: tuple[str, ...] = ()
    absence: str | None = None
    failure: WorkflowError | None = None
    forgetful: bool = False
    created: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)

    def missing(self) -> str | None:
        """Answer what the test said."""
        return self.absence

    def create(self, prefix: Path, order: BuildOrder) -> None:
        """Write the programs that an environment must have."""
        order.listener.say(f"{self.name}: making {prefix.name}")
        python = layout.python(prefix)
        python.parent.mkdir(parents=True)
        if self.failure is not None:
            raise self.failure
        for name in ("python", purpose_of(state.name_of(prefix)).program):
            program = layout.program(prefix, name)
            program.touch()
            program.chmod(0o755)
        self.created.append(prefix)

    def remove(self, prefix: Path) -> None:
        """Delete the prefix, unless told to forget it."""
        self.removed.append(prefix)
        if not self.forgetful:
            shutil.rmtree(prefix)
