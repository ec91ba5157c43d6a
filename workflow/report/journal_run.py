"""What a run wrote into its journal, as far as reports read it; keys that are not named here are nobody's business."""

from __future__ import annotations

from typing import Any

from workflow.base.record_json import Finite, JsonRecord
from workflow.verification.evidence import Evidence


class _Lenient(JsonRecord):
    """Older runs may leave out what has a default here."""

    lenient = True


class JournalFacts(_Lenient):
    """How an artifact was made, and the evidence that it is right."""

    check: Evidence = Evidence()
    seconds: Finite = 0.0
    notes: tuple[str, ...] = ()
    command: str = ""
    engine: str = ""
    degraded: str = ""
    quantization: Any = None


class JournalFormats(_Lenient):
    """What became what."""

    to: str


class JournalBytes(_Lenient):
    """The size of the result."""

    after: int = 0


class JournalError(_Lenient):
    """What the user was told."""

    message: str = ""
    hint: str = ""
    details: str = ""
    log: str = ""
    exit_code: int = 1


class JournalStep(_Lenient):
    """One step of a run."""

    step: str
    kind: str
    output: str
    status: str
    seconds: Finite = 0.0
    reasons: tuple[str, ...] = ()
    formats: JournalFormats | None = None
    bytes: JournalBytes = JournalBytes()
    facts: JournalFacts = JournalFacts()
    error: JournalError | None = None


class JournalEnvironment(_Lenient):
    """The converter environment."""

    lock: str | None = None
    manager: str | None = None
    python: str | None = None


class JournalRun(_Lenient):
    """One run of a recipe."""

    recipe: str
    name: str
    started: str
    seconds: Finite
    steps: tuple[JournalStep, ...]
    tool: str = ""
    environment: JournalEnvironment = JournalEnvironment()
