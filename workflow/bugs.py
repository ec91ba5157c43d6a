"""Exceptions that nothing foresaw, where they end a part of the work and not all of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.errors import WorkflowError


def as_error(error: Exception) -> WorkflowError:
    """Return what to tell of it: a refusal of the machine, or a bug of ours, whose report has been written (code 1)."""
    from workflow.cli.boundary import unforeseen  # noqa: PLC0415  only when it is needed: what is wrong may be anywhere

    return unforeseen(error, sys.argv[1:])
