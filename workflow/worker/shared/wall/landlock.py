"""Landlock, Linux 5.13 and later: which files a process may read and change. Elsewhere its version is 0."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import sys
from typing import Dict, Iterable, Sequence

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every processor
_ASK_VERSION = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = (1 << bit for bit in range(4))
_REMOVE_FOLDER, _REMOVE_FILE, _MAKE_CHAR, _MAKE_FOLDER, _MAKE_FILE = (1 << bit for bit in range(4, 9))
_MAKE_SOCKET, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_LINK, _REFER, _TRUNCATE, _DEVICE = (1 << bit for bit in range(9, 16))
_READING = _READ_FILE | _READ_FOLDER
_CHANGING = _WRITE_FILE | _REMOVE_FOLDER | _REMOVE_FILE | _MAKE_FOLDER | _MAKE_FILE | _MAKE_LINK | _REFER | _TRUNCATE
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE
_NEVER = _EXECUTE | _MAKE_CHAR | _MAKE_SOCKET | _MAKE_FIFO | _MAKE_BLOCK | _DEVICE
_SINCE: Dict[int, int] = {_REFER: 2, _TRUNCATE: 3, _DEVICE: 5}
_TCP, _TCP_SINCE = 3, 4  # bind and connect
_SCOPES, _SCOPES_SINCE = 3, 6  # abstract sockets, and signals to others
_SIZES = ((_SCOPES_SINCE, 24), (_TCP_SINCE, 16), (1, 8))
"""The size of a ruleset since each version: a kernel takes none with what it does not know."""


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """Return the version that the kernel has and lets us use, 0 for none."""
    if not sys.platform.startswith("linux") or sys.maxsize <= 1 << 32:
        return 0
    return max(0, int(_libc().syscall(_CREATE, None, 0, _ASK_VERSION)))


def restrict(*, reads: Sequence[str], writes: Sequence[str], held: Iterable[int]) -> None:
    """Let this process read below ``reads`` and below ``writes`` alone, and change files below the latter only.

    Paths that are not there are passed over; ``held`` are descriptors of further folders to read. Raises ``OSError``.
    """
    libc, known = _libc(), version()
    files = _since(_READING | _CHANGING | _NEVER, known)
    rules = _Ruleset(files, _TCP if known >= _TCP_SINCE else 0, _SCOPES if known >= _SCOPES_SINCE else 0)
    size = next(size for first, size in _SIZES if known >= first)
    ruleset = _checked(libc.syscall(_CREATE, ctypes.byref(rules), size, 0), "landlock_create_ruleset")
    try:
        for parent in held:
            _allow(libc, ruleset, parent, access=_READING)
        for paths, access in ((reads, _READING), (writes, _since(_READING | _CHANGING, known))):
            for path in paths:
                _allow_path(libc, ruleset, path, access=access)
        _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
        _checked(libc.syscall(_RESTRICT, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _allow_path(libc: ctypes.CDLL, ruleset: int, path: str, *, access: int) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # nothing to allow there
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            _allow(libc, ruleset, parent, access=access)
        finally:
            os.close(parent)


def _allow(libc: ctypes.CDLL, ruleset: int, parent: int, *, access: int) -> None:
    rule = _Rule(access if stat.S_ISDIR(os.fstat(parent).st_mode) else access & _OF_FILES, parent)
    _checked(libc.syscall(_ADD, ruleset, _BENEATH, ctypes.byref(rule), 0), "landlock_add_rule")


def _since(access: int, known: int) -> int:
    for right, first in _SINCE.items():
        if known < first:
            access &= ~right
    return access


def _checked(answer: int, what: str) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return answer


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
