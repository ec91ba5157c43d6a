"""Which names make an environment: two are known, others must be meant, for a slip of the finger costs 2 GB."""

from __future__ import annotations

import difflib

from workflow.base.errors import EnvironmentProblem, UsageError
from workflow.environment import registry
from workflow.environment.model import DEFAULT_NAME, KERAS3_NAME

_KNOWN = (DEFAULT_NAME, KERAS3_NAME)
_NEAR = 0.7


def require_meant(name: str, *, like: str | None = None) -> None:
    """Raise UsageError for a name that is neither known nor there, unless the user says what it is to be like."""
    if like is not None and (like != DEFAULT_NAME or name == KERAS3_NAME):
        raise UsageError(
            f"--as: there is one sort that may have other names, {DEFAULT_NAME}; {KERAS3_NAME} has its name alone",
            hint=f"tfjs-workflow env create {name if name != KERAS3_NAME else 'NAME'} --as {DEFAULT_NAME}",
        )
    if like is None and not _is_there(name):
        near = _near(name)
        raise UsageError(
            f"there is no environment named {name!r}" + (f"; did you mean {near!r}?" if near else ""),
            hint=f"to make a further one of this name: tfjs-workflow env create {name} --as {DEFAULT_NAME} (2 GB)",
        )


def require_no_slip(name: str) -> None:
    """Raise EnvironmentProblem for a new name that looks like a slip; a recipe makes any other by naming it.

    ``tfsj`` and ``keras2`` are slips, ``tfjs2`` and ``mine`` are not.
    """
    near = "" if _is_there(name) else _near(name)
    if near and (near not in name or near == name.lower()):
        raise EnvironmentProblem(
            f"there is no environment named {name!r}; did you mean {near!r}?",
            hint=f"or make one of this name: tfjs-workflow env create {name} --as {DEFAULT_NAME}",
        )


def _is_there(name: str) -> bool:
    return name in _KNOWN or registry.look(name).status != "absent" or bool(registry.others(name))


def _near(name: str) -> str:
    names = [*_KNOWN, *(entry.name for entry in registry.list_environments() if entry.status != "foreign")]
    return next(iter(difflib.get_close_matches(name.lower(), names, 1, _NEAR)), "")
