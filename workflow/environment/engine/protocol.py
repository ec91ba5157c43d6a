"""What goes over the pipes between the embedded manager and its engine: one request, events, one answer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from workflow.base import errors

MODULE = "workflow.environment.engine"

# only these cross the border; whatever else fails in the engine is a fault of the engine
_FAILURES: dict[str, type[errors.WorkflowError]] = {
    kind.__name__: kind
    for kind in (errors.DownloadError, errors.IntegrityError, errors.StorageError, errors.EnvironmentProblem)
}


@dataclass(frozen=True)
class Request:
    """What to build: ``stage`` is made, filled for a life at ``prefix``, renamed to it. Absolute paths.

    ``tie`` is a file to be locked meanwhile (see ``tether``).
    """

    lock: str
    platform: str
    prefix: str
    stage: str
    cache: str
    tie: str
    mirrors: tuple[str, ...] = ()
    offline: bool = False

    def encode(self) -> bytes:
        """Return the request as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Request:
        """Read a request; raises ValueError when the line is not one."""
        content = json.loads(line)
        names = {field.name for field in fields(cls)}
        if not isinstance(content, dict) or set(content) != names:
            raise ValueError(f"not a request: {line!r}")
        return cls(**{**content, "mirrors": tuple(content["mirrors"])})


@dataclass(frozen=True)
class Event:
    """One line from the engine: ``say`` and ``warn`` have text, ``advance`` figures, ``failed`` a failure."""

    kind: str
    text: str = ""
    done: int = 0
    total: int = 0
    failure: dict[str, str] | None = None

    def encode(self) -> bytes:
        """Return the event as one line."""
        return json.dumps({name: value for name, value in asdict(self).items() if value}).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Event:
        """Read an event; raises ValueError when the line is not one."""
        content: Any = json.loads(line)
        if not isinstance(content, dict) or "kind" not in content:
            raise ValueError(f"not an event: {line!r}")
        return cls(**content)


def failed(error: errors.WorkflowError) -> Event:
    """Wrap a failure into the event that ends the engine's output."""
    kind = type(error).__name__
    failure = {"kind": kind, "message": error.message, "hint": error.hint, "details": error.details}
    return Event("failed", failure=failure)


def raised(event: Event, *, log: str) -> errors.WorkflowError:
    """Return the failure of a ``failed`` event as the error to raise."""
    failure = event.failure or {}
    kind = _FAILURES.get(failure.get("kind", ""), errors.EnvironmentProblem)
    message = failure.get("message", "the engine failed without saying why")
    return kind(message, hint=failure.get("hint", ""), details=failure.get("details", ""), log=log)
