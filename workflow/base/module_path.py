"""Where this tool's own modules may come from: not from the folder that the user stands in, where models lie."""

from __future__ import annotations

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120  pathlib is slow to import


def clean() -> None:
    """Take the current folder off Python's module path: ``python -m`` puts it first, PYTHONPATH may name it.

    A checkout of this tool in which one stands stays.
    """
    sys.path[:] = cleaned(sys.path, _here())


def cleaned(path: list[str], here: str) -> list[str]:
    """Return a module path without relative entries, and without those that are the current folder."""
    return [entry for entry in path if os.path.isabs(entry) and not _is_left_out(entry, here)]  # noqa: PTH117  as above


def _is_left_out(entry: str, here: str) -> bool:
    kept = (_ROOT, sys.prefix, sys.base_prefix)  # one may stand in a folder of this Python's packages
    is_ours = any(os.path.join(here, "").startswith(os.path.join(os.path.realpath(root), "")) for root in kept)  # noqa: PTH118  as above
    return os.path.realpath(entry) == here and not is_ours


def _here() -> str:
    try:
        return os.path.realpath(os.getcwd())  # noqa: PTH109  as above
    except OSError:  # it has been removed
        return ""
