"""What a run tells the screen: the seam between the runner and the ways to show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from workflow.base.events import Listener, Recording

if TYPE_CHECKING:
    from workflow.runs.tasks import Outcome, Task


class Watcher(Listener, Protocol):
    """Follows a run; lines from ``say`` and ``warn`` between ``began`` and ``ended`` belong to that task."""

    def planned(self, tasks: list[Task]) -> None:
        """Hear what is going to be done, before anything is."""

    def began(self, task: Task) -> None:
        """Hear that a task starts."""

    def ended(self, outcome: Outcome) -> None:
        """Hear how a task ended."""

    def stopped(self) -> None:
        """Hear that no more news will come for now, in whatever way the run ended."""

    def finished(self, outcomes: list[Outcome], record: dict[str, Any]) -> None:
        """Hear that the run is over; ``record`` is what was written to disk about it."""


class RecordingWatcher(Recording):
    """A watcher that keeps everything in lists."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[Task] = []
        self.outcomes: list[Outcome] = []
        self.record: dict[str, Any] = {}

    def planned(self, tasks: list[Task]) -> None:
        """Keep the tasks."""
        self.tasks = tasks

    def began(self, task: Task) -> None:
        """Keep nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Keep the outcome."""
        self.outcomes.append(outcome)

    def stopped(self) -> None:
        """Keep nothing."""

    def finished(self, outcomes: list[Outcome], record: dict[str, Any]) -> None:
        """Keep the record."""
        self.outcomes = outcomes
        self.record = record
