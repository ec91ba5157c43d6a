"""What the walls refuse and leave open on every kind of machine, and which variables pass them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any
from unittest import mock

from workflow.bridge import enclosure
from workflow.worker.shared.wall import audit, calls, landlock, seatbelt, seccomp, surroundings

FILE = "walls.json"

_PID = 4711
_PASSING = (
    *(
        "CUDA_VISIBLE_DEVICES",
        "DYLD_LIBRARY_PATH",
        "KERAS_BACKEND",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "PATH",
        "TZ",
    ),
    *(
        "COMSPEC",
        "TZ",
        "NUMBER_OF_PROCESSORS",
        "PATHEXT",
        "PROCESSOR_ARCHITECTURE",
        "SYSTEMDRIVE",
        "SYSTEMROOT",
        "WINDIR",
    ),
    *("TZ", "PYTHONHASHSEED", "PYTHONNOUSERSITE", "TFJS_WORKFLOW_TEST_WITHOUT_LIST"),
    *("GOMP_A", "KMP_A", "LC_ALL", "MALLOC_A", "MKL_A", "OMP_A", "OPENBLAS_A", "TF_A", "XLA_A"),
    *("HOME", "USERPROFILE", "KERAS_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"),
)
_KEPT_BACK = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PYTHONPATH", "LD_PRELOAD", "XTF_", "HTTPS_PROXY", "Path", "LC")


def all_walls(scratch: Path) -> dict[str, Any]:
    """Return everything that stands in tables of the walls, as it comes out of them."""
    return {
        "calls": {machine: _answers(machine) for machine in calls.MACHINES},
        "programs": {machine: _steps(machine) for machine in calls.MACHINES},
        "events": dict.fromkeys(audit._REFUSED, "refused") | {event: list(of) for event, of in _changing()},
        "landlock": {str(version): _told(version, scratch) for version in range(1, 8)},
        "profile": seatbelt.profile(reads=["/in", "/in", "/i n"], writes=["/out"]).splitlines(),
        "readable": [*surroundings._LIBRARIES, *surroundings._FACTS],
        "parts of a prefix": list(surroundings._OF_A_PREFIX),
        "writable": surroundings.writable(),
        "variables": enclosure.variables(dict.fromkeys([*_PASSING, *_KEPT_BACK], "1"), Path("/own")),
    }


def _answers(machine: str) -> dict[str, str]:
    column = calls.MACHINES[machine][1]
    numbered = seccomp._numbered(calls.REFUSED, column)
    names = {numbers[column]: name for name, numbers in calls.REFUSED.items()}
    return {f"{number} {names[number]}": errno.errorcode[code] for number, code in sorted(numbered.items())}


def _steps(machine: str) -> list[str]:
    """Return the program up to what is refused whatever its arguments are, and behind that."""
    steps = [" ".join(f"{value:x}" for value in step) for step in seccomp.program(_PID, machine)]
    refused = 2 * len(_answers(machine))
    return [*steps[:6], *steps[6 + refused :]]


def _changing() -> list[tuple[str, tuple[int, ...]]]:
    return sorted(audit._CHANGING.items())


class _Kernel:
    """Stands for Linux with one version of Landlock: notes what it is told, for this machine's kernel has one."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.told: list[str] = []

    def syscall(self, number: int, *arguments: Any) -> int:
        """Take a system call as the C library hands it on."""
        if number == 444 and arguments == (None, 0, 1):
            return self.version
        if number == 444:
            rules, size, flags = arguments
            own = getattr(rules, "_obj")  # noqa: B009  of ctypes.byref
            self.told.append(f"rules {own.files:x} {own.network:x} {own.scopes:x} of {size} bytes, flags {flags}")
            return os.open(os.devnull, os.O_RDONLY)
        if number == 445:
            _, kind, rule, flags = arguments
            own = getattr(rule, "_obj")  # noqa: B009  as above
            where = "a folder" if stat.S_ISDIR(os.fstat(own.parent).st_mode) else "a file"
            self.told.append(f"{where}: {own.access:x}, kind {kind}, flags {flags}")
            return 0
        self.told.append(f"call {number} {arguments[1:]}")
        return 0

    def prctl(self, *arguments: int) -> int:
        """As above."""
        self.told.append(f"prctl {arguments}")
        return 0


def _told(version: int, scratch: Path) -> list[str]:
    """Return what Landlock is told of folders and files to read and to change."""
    (scratch / "file").touch()
    kernel = _Kernel(version)
    held = os.open(scratch, os.O_RDONLY)
    with mock.patch.object(landlock, "_libc", return_value=kernel):
        landlock.restrict(
            reads=[str(scratch), str(scratch / "file"), str(scratch / "nothing"), str(scratch / "file" / "below")],
            writes=[str(scratch), str(scratch / "file")],
            held=[held],
        )
    os.close(held)
    return kernel.told
