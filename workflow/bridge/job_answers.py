"""What a worker answered, each part looked at before anybody relies on it: a model's own code may have sent it."""

from __future__ import annotations

from typing import Any

from workflow.base.dialogue import HungUpError
from workflow.base.records import Record

_MOST_SHOWN = 200
_DEEPEST = 64


class JobAnswer(Record):
    """A job's ``result``, or the ``failure`` that it ended with, and the ``memory`` that it took, in bytes."""

    result: dict[str, Any]
    failure: dict[str, Any] | None
    memory: dict[str, int]

    @property
    def parts(self) -> tuple[dict[str, Any], dict[str, Any] | None, dict[str, int]]:
        """All of it, in order."""
        return self.result, self.failure, self.memory


def read(message: dict[str, Any]) -> JobAnswer:
    """Return the answer that a message is; raises ``HungUpError`` for one that is not made as answers are."""
    is_well = message.get("ok")
    result, failure = message.get("result"), message.get("failure")
    if is_well is True and isinstance(result, dict) and _depth(result) < _DEEPEST:
        return JobAnswer(result, None, _memory(message.get("memory")))
    if is_well is False and isinstance(failure, dict):
        return JobAnswer({}, _failure(failure), _memory(message.get("memory")))
    raise HungUpError(repr(message)[:_MOST_SHOWN])


def _failure(given: dict[str, Any]) -> dict[str, Any]:
    """Return a failure with every field there, and text."""
    causes = given.get("causes")
    return {
        "kind": str(given.get("kind", "exception")),
        "traceback": str(given.get("traceback", "")),
        **_words(given),
        "causes": [_words(cause) for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else [],
    }


def _words(given: dict[str, Any]) -> dict[str, str]:
    return {"type": str(given.get("type", "Exception")), "message": str(given.get("message", ""))}


def _memory(given: Any) -> dict[str, int]:
    named = given.items() if isinstance(given, dict) else ()
    return {name: value for name, value in named if type(value) is int and value >= 0}


def _depth(value: Any) -> int:
    """Return how deep a value is; one that is deeper than any answer counts as that deep."""
    level, depth = [value], 0
    while level and depth < _DEEPEST:
        inner = [
            item
            for one in level
            for item in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
        level, depth = [item for item in inner if isinstance(item, (dict, list))], depth + 1
    return depth
