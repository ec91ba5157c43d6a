"""What root is beyond its files: given up, but for reading what belongs to others, which a mounted model may do."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_VERSION_3 = 0x20080522
_KEPT = 1 << 1  # CAP_DAC_OVERRIDE
_FIRST_TO_GO = "/proc/self/oom_score_adj"
_SCORE = "500"


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def give_up() -> None:
    """Drop all capabilities but one, write no core, and be the first to go when the machine is out of memory."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; a limit that is lower already
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError), open(_FIRST_TO_GO, "w", encoding="ascii") as file:
        file.write(_SCORE)
    _drop_capabilities()


def _drop_capabilities() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "capget"):
        return
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    if libc.capget(ctypes.byref(header), sets):
        return
    if not any(part.permitted for part in sets):
        return
    kept = sets[0].permitted & _KEPT
    sets[0], sets[1] = _Sets(kept, kept, 0), _Sets(0, 0, 0)
    if libc.capset(ctypes.byref(header), sets):
        number = ctypes.get_errno()
        raise OSError(number, f"capset: {os.strerror(number)}")
