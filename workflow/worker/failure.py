"""How a job fails: a typed error of our own, or anything else described by named fields."""

from __future__ import annotations

import traceback
from typing import Any, Dict, List, Optional

_LONGEST = 4000
_MOST_CAUSES = 10


class JobError(Exception):
    """A failure that a job recognised: ``kind`` is a word that the host knows."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class NotRunnableError(Exception):
    """A model that cannot be run in Python here, which says nothing about whether it is right."""


class VastError(NotRunnableError):
    """A model that asks for more memory than a comparison may take, wherever it runs."""


def describe(problem: BaseException) -> Dict[str, Any]:
    """Return the named fields of a failure: kind, type, message, traceback, and what it was raised on top of."""
    return {
        "kind": problem.kind if isinstance(problem, JobError) else "exception",
        "type": type(problem).__name__,
        "message": _cut(str(problem)),
        "traceback": "".join(traceback.format_exception(type(problem), problem, problem.__traceback__))[-20000:],
        "causes": [{"type": type(cause).__name__, "message": _cut(str(cause))} for cause in _causes(problem)],
    }


def _causes(problem: BaseException) -> List[BaseException]:
    found: List[BaseException] = []
    cause: Optional[BaseException] = problem.__cause__ or problem.__context__
    while cause is not None and cause not in found and len(found) < _MOST_CAUSES:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST // 2] + " [...] " + text[-_LONGEST // 2 :]
