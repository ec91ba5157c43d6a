"""A worker for tests: answers from a script, records what it was asked, starts no process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.bridge.warm_worker import OnProgress

ScriptedAnswer = dict[str, Any] | Exception | Callable[[dict[str, Any]], dict[str, Any]]
"""A result, an error to raise, or a function of the job's arguments (which may write the output first)."""


@dataclass(frozen=True)
class FakeRequest:
    """One job that was asked for."""

    job: str
    args: dict[str, Any]
    log: Path
    timeout: float | None


class FakeWorker:
    """A ``WorkerLike`` whose ``answers`` go by job name; a list of answers is used up in order."""

    def __init__(self, answers: Mapping[str, ScriptedAnswer | list[ScriptedAnswer]]) -> None:
        self._answers = {job: list(found) if isinstance(found, list) else found for job, found in answers.items()}
        self.requests: list[FakeRequest] = []
        self.starts = 0
        self.closes = 0

    def start(self) -> None:
        """Count the start."""
        self.starts += 1

    def run(
        self,
        job: str,
        args: Mapping[str, Any],
        *,
        log: Path,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> dict[str, Any]:
        """Record the request and give the scripted answer; a job without one is a mistake of the test."""
        self.requests.append(FakeRequest(job, dict(args), log, timeout))
        found = self._answers[job]
        answer = found.pop(0) if isinstance(found, list) else found
        if on_progress is not None:
            on_progress(job)
        if isinstance(answer, Exception):
            raise answer
        return answer(dict(args)) if callable(answer) else answer

    def close(self) -> None:
        """Count the close."""
        self.closes += 1
