"""What a Python with TensorFlow needs of a system, found out by trial: to read, to write, and to keep open."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import List


def _home() -> str:
    """Return the user's home, which HOME does not name here: the host has put a folder of its own there."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return os.path.expanduser("~")


_LIBRARIES = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/gnu/store",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/etc/timezone",
)
_FACTS = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/filesystems",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/kernel/osrelease",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/kernel/mm/transparent_hugepage",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
)
_SINKS = ("/dev/null", "/proc/self/clear_refs")
_HOME = _home()
_OF_A_PREFIX = ("lib", "lib64", "share")
_WORKER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def readable() -> List[str]:
    """Return the files and folders that may be read whatever the job is; some may not be there."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    own = [os.path.join(prefix, part) for prefix in sorted(prefixes) for part in _OF_A_PREFIX]
    listed = [*sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)]
    searched = [path for path in listed if os.path.isabs(path) and not _is_too_much(path)]
    return [*own, *searched, _WORKER, *_LIBRARIES, *_FACTS]


def writable() -> List[str]:
    """Return the files that may be written whatever the job is, none of which keeps anything."""
    return list(_SINKS)


def hold_open() -> List[int]:
    """Return descriptors of folders that may be read and that the kernel makes anew when nobody has them open."""
    held = []
    if sys.platform.startswith("linux"):
        for path in ("/proc/self", *_SINKS[1:]):
            with contextlib.suppress(OSError):
                held.append(os.open(path, os.O_PATH | os.O_CLOEXEC))
    return held


def _is_too_much(path: str) -> bool:
    """Tell whether a folder that is searched holds a person's other things as well: a home, what is above it, root."""
    real = os.path.realpath(path)
    return os.path.commonpath([real, os.path.realpath(_HOME)]) == real
