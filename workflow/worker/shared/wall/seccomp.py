"""A filter of system calls, Linux on x86-64 and arm64: nothing is started, nobody is reached, no mode is changed."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import Dict, List, Optional, Tuple

from .calls import CONDITIONS, HIGHEST, MACHINES, OWNERS, REFUSED

_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38
_GET_SECCOMP = 21
_LOAD, _EQUALS, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_Step = Tuple[int, int, int, int]


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Instruction))]


def is_there() -> bool:
    """Tell whether the kernel has such filters and this processor is one that the filter is written for."""
    if _machine() is None:
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_GET_SECCOMP) >= 0)


def restrict() -> None:
    """Raise the filter, for ever; raises ``OSError``."""
    steps = [_Instruction(*step) for step in program(os.getpid(), os.uname().machine)]
    listed = (_Instruction * len(steps))(*steps)
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_NO_NEW_PRIVILEGES, 1, 0, 0, 0),
        (_SET_SECCOMP, _FILTER, ctypes.byref(_Program(len(steps), listed)), 0, 0),
    ):
        if libc.prctl(*call):
            number = ctypes.get_errno()
            raise OSError(number, f"seccomp: {os.strerror(number)}")


def program(pid: int, machine: str) -> List[_Step]:
    """Return the filter for the process ``pid``: refused calls fail, those of another kind of processor kill."""
    architecture, column = MACHINES[machine]
    steps: List[_Step] = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUALS, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (
            _AT_LEAST,
            0,
            1,
            HIGHEST + 1,
        ),  # also the calls of x32; those of later kernels are not there, as far as it goes
        _failing(errno.ENOSYS),
    ]
    for number, code in _numbered(REFUSED, column).items():
        steps += [(_EQUALS, 0, 1, number), _failing(code)]
    for numbers, allowed in CONDITIONS.values():
        block = _block(allowed, pid)
        steps += [(_EQUALS, 0, len(block), numbers[column]), *block]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _block(allowed: Tuple[Tuple[int, str], ...], pid: int) -> List[_Step]:
    """Return the steps that let a call through when all that is said of its arguments holds."""
    values = {"nobody": (0,), "own": (pid,), "own or nobody": (pid, 0), "own group": (pid, 0, -pid & 0xFFFFFFFF)}
    steps: List[_Step] = []
    for argument, what in allowed:
        at = _ARGUMENTS_AT + 8 * argument
        if what == "a thread":
            steps += [(_LOAD, 0, 0, at), (_HAS, 1, 0, 0x10000), _failing(errno.EPERM)]
        elif what == "no owner":
            steps.append((_LOAD, 0, 0, at))
            steps += [step for value in OWNERS for step in ((_EQUALS, 0, 1, value), _failing(errno.EPERM))]
        else:
            if what == "null":
                steps += [(_LOAD, 0, 0, at + 4), (_EQUALS, 1, 0, 0), _failing(errno.EPERM)]
            wanted = values["nobody" if what == "null" else what]
            steps.append((_LOAD, 0, 0, at))
            steps += [(_EQUALS, len(wanted) - place, 0, value) for place, value in enumerate(wanted)]
            steps.append(_failing(errno.EPERM))
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _numbered(names: Dict[str, Tuple[Optional[int], Optional[int]]], column: int) -> Dict[int, int]:
    found = {name: numbers[column] for name, numbers in names.items()}
    return {number: _code(name) for name, number in found.items() if number is not None}


def _code(name: str) -> int:
    """Return the error of a call: that of a kernel without it where the C library then takes another way."""
    return errno.ENOSYS if name in ("clone3", "memfd_create", "io_uring_setup", "fchmodat2") else errno.EPERM


def _failing(code: int) -> _Step:
    return (_RETURN, 0, 0, _FAIL | code)


def _machine() -> Optional[str]:
    known = sys.platform.startswith("linux") and sys.maxsize > 1 << 32
    name = os.uname().machine if known else ""
    return name if name in MACHINES else None
