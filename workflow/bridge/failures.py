"""Known failures of the reference converter, Keras and TensorFlow, translated for the user: one table."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ReferenceConverterError, StorageError, WorkflowError
from workflow.bridge import containment_failures, deaths, keras3_failures, known_failures, noise
from workflow.bridge.known_failures import RULES, Rule

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

KINDS = {**known_failures.KINDS, **deaths.KINDS, **keras3_failures.KINDS, **containment_failures.KINDS}
"""Failures that a worker recognised itself: class, words before its own, hint."""

_LONGEST = 300
_TOLD_BY_THE_LOG = frozenset({"script", "no_output", "result_fails"})
_REPORT = "if the model is sound, please report this with the log; the converter's own words are in it"


def translate(failure: Mapping[str, Any], *, log: Path) -> WorkflowError:
    """Return the error for a failure that the worker described: a known one in our words, else its own last line.

    The reference converter hides a first error behind the failure of its second attempt, so causes are looked at too.
    """
    if failure["kind"] in KINDS:
        return _recognised(failure, log)
    told = [failure, *failure.get("causes", [])]
    for part in told:
        for rule in RULES:
            if found := rule.pattern.search(f"{part['type']}: {part['message']}"):
                return _known(rule, found, log)
    return ReferenceConverterError(_unknown(told), hint=_REPORT, details=noise.tail(log), log=str(log))


def _recognised(failure: Mapping[str, Any], log: Path) -> WorkflowError:
    error, message, hint = KINDS[failure["kind"]]
    details = noise.tail(log) if failure["kind"] in _TOLD_BY_THE_LOG else ""
    return error(f"{message}{_own_words(failure)}", hint=hint, details=details, log=str(log))


def _known(rule: Rule, found: re.Match[str], log: Path) -> WorkflowError:
    named = {name: _cut(" ".join((text or "").split())) for name, text in found.groupdict().items()}
    hint = f"{rule.hint} (see {rule.issue})" if rule.issue else rule.hint
    error = rule.error(rule.message.format_map(named).rstrip(), hint=hint.format_map(named), log=str(log))
    if isinstance(error, StorageError):
        _add_room(error, log)
    return error


def _add_room(error: StorageError, log: Path) -> None:
    """Say which disk is full, of those that a worker writes to."""
    from workflow.base import disk  # noqa: PLC0415  for such failures alone

    room = disk.crowded(log.parent, Path(tempfile.gettempdir()))
    error.message += room
    error.full = bool(room)


def _unknown(told: list[Mapping[str, Any]]) -> str:
    words = f"the reference converter failed: {told[0]['type']}: {_own_words(told[0])}"
    if len(told) > 1:
        words += f" (first there was {told[-1]['type']}: {_own_words(told[-1])})"
    return words


def _own_words(part: Mapping[str, Any]) -> str:
    lines = [line.strip() for line in str(part["message"]).splitlines() if line.strip()]
    return _cut(lines[-1]) if lines else "(no message)"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
