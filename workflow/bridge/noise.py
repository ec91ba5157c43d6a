"""What of a job's log is worth showing: the last lines, without TensorFlow's banners and warnings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINES = 15
_BYTES = 65_536
_NOISE = re.compile(
    r"""
    ^\d{4}-\d\d-\d\d\ [\d:.]+:\ [IW]\      # TensorFlow's C++ side, information and warnings
    | ^WARNING:(tensorflow|absl|root):
    | ^INFO:(tensorflow|absl):
    | ^[IW]\d{4}\ [\d:.]+                  # absl
    | ^To\ enable\ the\ following\ instructions
    | (Deprecation|User|Future|Runtime)Warning:
    | ^\s+(saving_api\.save_model|warnings\.warn)\(
    | ^Instructions\ for\ updating:
    | ^\s*$
    """,
    re.VERBOSE,
)
_FOREIGN_FRAME = re.compile(
    r'^ +File ".*(?:site-packages|lib/python3|workflow/worker|<frozen|__autograph).*", line \d+'
)


def size_of(log: Path) -> int:
    """Return the size of the log so far, 0 when there is none: where the lines of the next job begin."""
    return log.stat().st_size if log.is_file() else 0


def tail(log: Path, begin: int = 0) -> str:
    """Return the last telling lines that were written to ``log`` after its byte ``begin``."""
    if not log.is_file():
        return ""
    with log.open("rb") as source:
        source.seek(max(begin, size_of(log) - _BYTES))
        lines = source.read().decode(errors="replace").splitlines()
    return "\n".join([line for line in _without_foreign_frames(lines) if not _NOISE.search(line)][-_LINES:])


def _without_foreign_frames(lines: list[str]) -> list[str]:
    """Drop the stack frames of the libraries and of the worker, each with its line of code: the user's own remain."""
    kept: list[str] = []
    skipping = False
    for line in lines:
        if _FOREIGN_FRAME.match(line):
            skipping = True
            continue
        if skipping and line.startswith("    "):
            continue
        skipping = False
        kept.append(line.rstrip())
    return kept
