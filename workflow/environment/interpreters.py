"""Finding CPython interpreters on this machine by asking each candidate what it is."""

from __future__ import annotations

import functools
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import locations, processes, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 20.0
# beside what lies in the user's own folders
_SYSTEM_FOLDERS = (Path("/opt/homebrew/opt"), Path("/usr/local/opt"))
_QUESTION = """
import json, platform, struct, sys, sysconfig
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": platform.python_version(),
    "bits": struct.calcsize("P") * 8,
    "machine": platform.machine(),
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "packages": sysconfig.get_paths()["purelib"],
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """What an interpreter says of itself: ``executable`` is its installation's, not a virtual environment's.

    ``packages`` is where it imports installed packages from.
    """

    executable: Path
    version: str
    packages: Path
    implementation: str = "CPython"
    bits: int = 64
    machine: str = ""

    @property
    def series(self) -> str:
        """The version without its last number: ``3.8``."""
        return ".".join(self.version.split(".")[:2])


def ask(python: Path) -> Interpreter | None:
    """Run an interpreter and return what it says of itself; None when it does not answer (a pyenv shim)."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = processes.run([str(python), "-I", "-c", _QUESTION], env=environ, timeout=_SECONDS)
        answer = json.loads(done.stdout)
        return Interpreter(
            Path(answer["executable"]),
            answer["version"],
            Path(answer["packages"]),
            answer["implementation"],
            answer["bits"],
            answer["machine"],
        )
    except (OSError, ValueError, TypeError, KeyError, processes.CommandTimeoutError):
        return None


@functools.cache
def find(series: str) -> Interpreter | None:
    """Return the first usable CPython of a series (``3.8``): from PATH, pyenv, uv, or the usual folders."""
    asked: set[Path] = set()
    for candidate in _candidates(series):
        if candidate in asked or not os.access(candidate, os.X_OK):
            continue
        asked.add(candidate)
        found = ask(candidate)
        if found is not None and _fits(found, series):
            return found
    return None


def _fits(found: Interpreter, series: str) -> bool:
    """Tell whether it is as asked and for this processor, for which the packages of the lock were chosen."""
    return (found.implementation, found.series, found.bits, found.machine) == (
        "CPython",
        series,
        64,
        platform.machine(),
    )


def _candidates(series: str) -> Iterator[Path]:
    names = (f"python{series}", "python3", "python")
    suffix = ".exe" if sys.platform == "win32" else ""
    for name in names:
        for folder in programs.folders():
            yield folder / f"{name}{suffix}"
    for base, pattern in _installations(series):
        for found in _matching(base, pattern):
            yield found / "python.exe" if sys.platform == "win32" else found / "bin" / f"python{series}"


def _matching(base: Path, pattern: str) -> list[Path]:
    """Return what lies in a folder that somebody else's program may have made, newest first; none if unreadable."""
    try:
        return sorted(base.glob(pattern), reverse=True)
    except OSError:  # such as the PYENV_ROOT of root, seen by the user of a container
        return []


def _installations(series: str) -> list[tuple[Path, str]]:
    """Where programs that install Pythons put them, and how they name them there."""
    home = locations.users_home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    roaming = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    local = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    chosen = os.environ.get("UV_PYTHON_INSTALL_DIR")
    uv_folders = [Path(chosen)] if chosen else [data / "uv" / "python", roaming / "uv" / "python"]
    return [
        (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", f"{series}.*"),
        *((folder, f"cpython-{series}.*") for folder in uv_folders),
        (local / "Programs" / "Python", f"Python{series.replace('.', '')}"),
        *((folder, f"python@{series}") for folder in _SYSTEM_FOLDERS),
    ]
