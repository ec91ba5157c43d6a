"""Exceptions that nothing foresaw, where they end a part of the work and not all of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.errors import WorkflowError


def as_error(error: Exception) -> WorkflowError:
    """Return what the user is told of a bug of ours, whose report has been written then; its exit code is 1."""
    from workflow.cli.boundary import bug_of  # noqa: PLC0415  only when it is needed: what is wrong may be anywhere

    return bug_of(error, sys.argv[1:])
