"""What a run tells the screen: the seam between the runner and the ways to show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from workflow.base.events import Listener, Recording
from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.base.errors import WorkflowError
    from workflow.bridge.usage import JobUsage
    from workflow.runs.planning import Decision

Status = Literal["done", "up to date", "failed", "not run"]


class Outcome(Record):
    """How one task ended. ``facts`` is what its sidecar records; sizes in bytes; ``seconds`` is wall time.

    ``jobs`` are those that workers did for it, with their memory, whether it came to an end or failed.
    """

    decision: Decision
    status: Status
    seconds: float = 0.0
    bytes_before: int = 0
    bytes_after: int = 0
    facts: Mapping[str, Any] = {}
    error: WorkflowError | None = None
    jobs: tuple[JobUsage, ...] = ()


class Watcher(Listener, Protocol):
    """Follows a run; lines from ``say`` and ``warn`` between ``began`` and ``ended`` belong to that task."""

    def planned(self, decisions: list[Decision]) -> None:
        """Hear what is going to be done, before anything is."""

    def began(self, decision: Decision) -> None:
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
        self.decisions: list[Decision] = []
        self.outcomes: list[Outcome] = []
        self.record: dict[str, Any] = {}

    def planned(self, decisions: list[Decision]) -> None:
        """Keep the decisions."""
        self.decisions = decisions

    def began(self, decision: Decision) -> None:
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
