"""Exceptions that nothing foresaw: a refusal of the machine's, or a bug of ours, whose report is written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workflow.base.errors import UsageError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_error(error: Exception) -> WorkflowError:
    """Return what to tell of an error that ends a part of the work and not all of it, as ``unforeseen`` does."""
    return unforeseen(error, sys.argv[1:])


def unforeseen(error: Exception, arguments: Sequence[str]) -> WorkflowError:
    """Return what to tell of an error that no code foresaw: a refusal of the machine's, or a bug of ours.

    The report of a bug has been written; its exit code is 1.
    """
    return _of_the_machine(error) or bug_of(error, arguments)


def _of_the_machine(error: Exception) -> WorkflowError | None:
    """Return what to say of an error that is none of ours: the machine refused a file, or cannot spell its name."""
    if isinstance(error, OSError):
        from workflow.base.disk import refusal  # noqa: PLC0415  for failures alone

        return refusal(error)
    encoding = sys.getfilesystemencoding()
    if isinstance(error, UnicodeEncodeError) and encoding != "utf-8" and error.encoding.lower() == encoding:
        return UsageError(
            f"file names are in {encoding} here, which cannot spell {error.object!a}",
            hint="set PYTHONUTF8=1, or LANG to a UTF-8 locale such as C.UTF-8",
        )
    return None


def bug_of(error: Exception, arguments: Sequence[str]) -> WorkflowError:
    """Return what the user is told of a bug of ours, after its report has been written where one can be."""
    from workflow.base.bug_reports import report_of, written  # noqa: PLC0415  only when it is needed

    text = report_of(error, arguments)
    path = written(text)
    where = "the file below; it" if path else "what stands above, which could be written nowhere; it"
    return WorkflowError(
        f"this is a bug in tfjs-workflow: {type(error).__name__}: {error}",
        hint=f"please report it with {where} holds the traceback and versions, no environment variables",
        log=str(path or ""),
        details="" if path else text,
    )
