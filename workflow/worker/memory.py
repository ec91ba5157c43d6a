"""How much memory the process holds, and held at most during a job; in bytes, as far as the system tells."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Dict, Optional

_STATUS = "/proc/self/status"
_FORGET_PEAK = ("/proc/self/clear_refs", "5")


class MemoryWatch:
    """Follows one job: make it when the job starts, ask it when the job is over.

    On Linux the peak is the job's own, elsewhere the process's so far; on Windows nothing is known.
    """

    def __init__(self) -> None:
        with contextlib.suppress(OSError), open(_FORGET_PEAK[0], "w", encoding="ascii") as file:
            file.write(_FORGET_PEAK[1])
        self._before = _of_linux().get("now")

    def measured(self) -> Dict[str, int]:
        """Return ``before``, ``peak`` and ``now``; what is not known is left out."""
        found = {"before": self._before, "peak": _highest(), **_of_linux()}
        return {name: value for name, value in found.items() if value is not None}


def give_back() -> None:
    """Return to the system what is free; the C library of Linux keeps it, hundreds of megabytes after a large model."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library, which has its own ways
            ctypes.CDLL(None).malloc_trim(0)


def _of_linux() -> Dict[str, int]:
    if not os.path.exists(_STATUS):
        return {}
    with open(_STATUS, encoding="ascii", errors="replace") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    names = {"peak": "VmHWM", "now": "VmRSS"}
    return {key: int(lines[name].split()[0]) * 1024 for key, name in names.items() if name in lines}


def _highest() -> Optional[int]:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
