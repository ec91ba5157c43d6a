"""What the walls refuse and leave open on every kind of machine, and which variables pass them."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from workflow.bridge import enclosure
from workflow.worker.shared.wall import audit, calls, landlock, seatbelt, seccomp, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

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
        "events": _heard(),
        "landlock": {str(version): _told(version, scratch) for version in range(1, 8)},
        "profile": seatbelt.profile(reads=["/in", "/in", "/i n"], writes=["/out"]).splitlines(),
        "readable": _readable(),
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


_EVENTS = (
    *("os.exec", "os.fork", "os.forkpty", "os.kill", "os.killpg", "os.posix_spawn", "os.spawn", "os.startfile"),
    *("os.startfile/2", "os.system", "pty.spawn", "signal.pthread_kill", "subprocess.Popen", "webbrowser.open"),
    *("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendmsg", "socket.sendto", "socket.__new__"),
    *("winreg.CreateKey", "winreg.DeleteKey", "winreg.DeleteValue", "winreg.SetValue", "import", "compile", "exec"),
    *("os.chflags", "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.removexattr", "os.rename"),
    *("os.rmdir", "os.setxattr", "os.symlink", "os.truncate", "os.utime", "shutil.rmtree", "os.listdir", "glob.glob"),
)


def _heard() -> dict[str, str]:
    """Return for each event whether it is refused, and where its arguments name what is outside."""
    heard = audit.hook(["/walled/out"])
    flags = {name: getattr(os, name) for name in ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND")}
    return {
        **{event: _refused(lambda *given, event=event: heard(event, given)) for event in _EVENTS},
        **{
            f"open {name}": _refused(lambda path, _, __, flag=flag: heard("open", (path, "", flag)))
            for name, flag in flags.items()
        },
    }


def _refused(act: Callable[..., None]) -> str:
    inside, outside = "/walled/out/x", "/walled/else/x"
    found = [_words(act, [outside if at == place else inside for at in range(3)]) for place in range(3)]
    always = _words(act, [inside] * 3)
    return (
        f"refused: {always}" if always else ", ".join(f"{place}: {words}" for place, words in enumerate(found) if words)
    )


def _words(act: Callable[..., None], given: list[str]) -> str:
    try:
        act(*given)
    except PermissionError as error:
        return str(error)
    return ""


def _readable() -> dict[str, list[str]]:
    """Return what may be read beside this Python, its modules and the worker: the system's parts, and a prefix's."""
    with mock.patch.object(sys, "path", []), mock.patch.dict(os.environ, {"LD_LIBRARY_PATH": ""}):
        found = surroundings.readable()
    at = found.index(surroundings._WORKER)
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    parts = dict.fromkeys(
        os.path.relpath(path, prefix) for prefix in prefixes for path in found[:at] if path.startswith(prefix)
    )
    return {"prefix": sorted(part for part in parts if "/" not in part), "system": found[at + 1 :]}


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
