"""What one job may take of the machine: memory and disk, by the size of its model, with room for every right one."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING

from workflow.base.errors import ConversionError, UsageError
from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

VARIABLE = "TFJS_WORKFLOW_WORKER_MEMORY"
"""Names the environment variable that says how many GiB of memory a job may take."""

_GIBIBYTE = 2**30
_LEAST_MEMORY = 6 * _GIBIBYTE
_MOST_UNASKED = 16 * _GIBIBYTE
_TIMES = 48
_OF_THE_MACHINE = 0.9
_LEAST_FILE = 4 * _GIBIBYTE
_LEAST_DISK = 16 * _GIBIBYTE
_TIMES_ON_DISK = 64
_LEAST_OF_AN_ENTRY = 1 << 15
"""What a file counts for however small it is: file systems run out of names as well."""
_ADDRESSES = 32 * _GIBIBYTE
_ADDRESSES_OF_A_CORE = _GIBIBYTE


class Allowance(Record):
    """Bytes that a job may take: of ``memory``, in one ``file``, and on the ``disk`` in all."""

    memory: int
    file: int
    disk: int

    def require_kept(self, folders: Iterable[Path], pid: int | None = None) -> None:
        """Raise ``ConversionError`` when the files in ``folders`` take more than the disk that is allowed.

        So do files that the process ``pid`` has removed and still has open, which are in no folder any more.
        """
        taken = sum(map(_taken, folders)) + (0 if pid is None else _without_names(pid))
        if taken > self.disk:
            raise ConversionError(
                f"the model makes the job write more than {self.disk / 1e9:.0f} GB, and was stopped",
                hint="free some space if the model is as large as that; otherwise it is not what it seems to be",
            )


def allowance(model: int, room: Path) -> Allowance:
    """Return what a job on a model of so many bytes may take, writing to the disk of ``room``."""
    machine = _memory_of_the_machine()
    least = max(_LEAST_MEMORY, min(_MOST_UNASKED, machine // 2))
    memory = asked_for() or min(max(least, _TIMES * model), int(machine * _OF_THE_MACHINE) or sys.maxsize)
    file = max(_LEAST_FILE, _TIMES_ON_DISK * model)
    free = shutil.disk_usage(room).free
    disk = min(max(_LEAST_DISK, _TIMES_ON_DISK * model), int(free * _OF_THE_MACHINE))
    return Allowance(memory=memory, file=min(file, max(disk, 1)), disk=disk)


def asked_for() -> int:
    """Return the bytes that the user's variable says, 0 for none; raises ``UsageError`` for what is no number."""
    said = os.environ.get(VARIABLE, "").strip()
    if not said:
        return 0
    try:
        gibibytes = float(said)
    except ValueError:
        gibibytes = 0.0
    if not 0 < gibibytes < 2**20:
        raise UsageError(f"{VARIABLE} is {said!r}, which is no number of GiB", hint=f"for example {VARIABLE}=16")
    return int(gibibytes * _GIBIBYTE)


def impose(pid: int, granted: Allowance) -> bool:
    """Set the limits of the process ``pid``, and return whether the system can: Linux alone can do it from outside."""
    if sys.platform != "linux":
        return False
    import resource  # noqa: PLC0415  not on Windows

    addresses = granted.memory + _ADDRESSES + _ADDRESSES_OF_A_CORE * (os.cpu_count() or 1)
    for which, most in (
        (resource.RLIMIT_DATA, granted.memory),
        (resource.RLIMIT_AS, addresses),
        (resource.RLIMIT_FSIZE, granted.file),
    ):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # gone already; limits that are lower already
            _, hard = resource.prlimit(pid, which)
            resource.prlimit(pid, which, (_lower(most, hard, resource.RLIM_INFINITY), hard))
    return True


def _lower(most: int, hard: int, infinity: int) -> int:
    return most if hard == infinity else min(most, hard)


def _memory_of_the_machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 0


def _taken(folder: Path) -> int:
    """Return what the files in a folder take; what cannot be looked into, and is there, takes more than anybody may."""
    total = 0
    waiting = [str(folder)]
    while waiting:
        with _entries(waiting.pop()) as entries:
            if entries is None:
                return sys.maxsize
            for entry in entries:
                total += _LEAST_OF_AN_ENTRY
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                with contextlib.suppress(FileNotFoundError):  # gone, while the job is at work
                    known = entry.stat(follow_symlinks=False)
                    total += getattr(known, "st_blocks", 0) * 512 or known.st_size
    return total


def _without_names(pid: int) -> int:
    """Return what the removed files take that a process has open; Linux alone tells."""
    found: dict[tuple[int, int], int] = {}
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                known = entry.stat()
                if stat.S_ISREG(known.st_mode) and not known.st_nlink:
                    found[known.st_dev, known.st_ino] = known.st_blocks * 512
    return sum(found.values())


@contextlib.contextmanager
def _entries(folder: str) -> Iterator[Iterable[os.DirEntry[str]] | None]:
    """Give what is in a folder, nothing for one that is gone, None for one that is too deep or closed to us."""
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        yield ()
    except OSError:
        yield None
    else:
        with entries:
            yield entries
