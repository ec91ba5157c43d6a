"""What jobs in workers took, noted while a run goes on, and the limits after which a worker is renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_GIBIBYTE = 2**30


class JobUsage(Record):
    """One answered job: wall seconds, with what was left of the worker's start, and the process's memory in bytes.

    ``memory`` has ``before``, ``peak`` and ``now`` (after the job has been cleaned up), as far as the system tells.
    """

    job: str
    seconds: float
    memory: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return it as a record holds it."""
        return {**self.as_dict(), "seconds": round(self.seconds, 3)}


class Usage:
    """The jobs of one run in the order in which they ended, whichever worker did them."""

    def __init__(self) -> None:
        self.jobs: list[JobUsage] = []


class Limits(Record):
    """When a worker gives way to a new one before its next job: after so many jobs, or holding so many bytes."""

    jobs: int = 500
    memory: int = 2 * _GIBIBYTE

    def exceeded(self, jobs: int, memory: int) -> str:
        """Return what speaks against one more job in the worker, empty where nothing does."""
        if jobs >= self.jobs:
            return f"it has done {jobs} jobs"
        if memory > self.memory:
            return f"it still holds {memory / 1e6:.0f} MB after {jobs} jobs"
        return ""


def peak(jobs: Iterable[JobUsage]) -> int:
    """Return the most memory, in bytes, that a worker held during these jobs; 0 where nothing is known."""
    return max((job.memory.get("peak", 0) for job in jobs), default=0)
