"""Failures of models that point out of themselves, or ask for more than their files can stand for."""

from __future__ import annotations

from workflow.base.errors import OversizedModelError, WorkflowError

KINDS: dict[str, tuple[type[WorkflowError], str, str]] = {
    "leads_out": (
        OversizedModelError,
        "",
        "do not trust it: a model lies in its own files; where the links are your own, `cp -rL` makes files of them",
    ),
    "too_much": (
        OversizedModelError,
        "",
        "no converter writes such a file: do not trust it, or get it again; a model that is right can be saved anew",
    ),
}
"""Class, words before the worker's own, hint."""
