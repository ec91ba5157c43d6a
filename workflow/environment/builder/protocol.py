"""What the embedded manager and its builder say to each other on their line: one request, news, and one answer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from workflow.base import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE = "workflow.environment.builder"
NEWS = ("say", "warn", "advance")
"""What a listener is told: an object on the line has one of these names, and under it a list of what to tell."""

# only these cross the border; whatever else fails in the builder is a fault of the builder
_FAILURES: dict[str, type[errors.WorkflowError]] = {
    kind.__name__: kind
    for kind in (errors.DownloadError, errors.IntegrityError, errors.StorageError, errors.EnvironmentProblem)
}


@dataclass(frozen=True)
class BuildRequest:
    """What to build: ``stage`` is made, filled for a life at ``prefix``, renamed to it. Absolute paths.

    ``tie`` is a file to be locked meanwhile (see ``orphans``).
    """

    lock: str
    platform: str
    prefix: str
    stage: str
    cache: str
    tie: str
    mirrors: tuple[str, ...]
    offline: bool

    def question(self) -> dict[str, str]:
        """Return the request for the line, which takes paths as they are within a text."""
        return {"request": json.dumps(asdict(self))}

    @classmethod
    def of(cls, question: Mapping[str, Any]) -> BuildRequest:
        """Read a request; raises ValueError when the question holds none."""
        text = question.get("request")
        content = json.loads(text) if isinstance(text, str) else None
        if not isinstance(content, dict) or set(content) != {field.name for field in fields(cls)}:
            raise ValueError(f"not a request: {question!r}")
        return cls(**{**content, "mirrors": tuple(content["mirrors"])})


def failure(error: errors.WorkflowError) -> dict[str, str]:
    """Return a failure for the line."""
    return {"kind": type(error).__name__, "message": error.message, "hint": error.hint, "details": error.details}


def raised(failure: Mapping[str, str], *, log: str) -> errors.WorkflowError:
    """Return the error to raise for a failure that came over the line."""
    kind = _FAILURES.get(failure.get("kind", ""), errors.EnvironmentProblem)
    message = failure.get("message", "the builder failed without saying why")
    return kind(message, hint=failure.get("hint", ""), details=failure.get("details", ""), log=log)
