"""Which shell asked: the nearest ancestor process that is one, else ``$SHELL``."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from workflow.base import processes, programs
from workflow.base.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.environment.activation.target import ShellName

KNOWN: dict[str, ShellName] = {
    "bash": "bash",
    "sh": "bash",
    "dash": "bash",
    "ash": "bash",
    "zsh": "zsh",
    "fish": "fish",
    "pwsh": "powershell",
    "powershell": "powershell",
    "cmd": "cmd",
}
_GENERATIONS = 6


def detect(environ: Mapping[str, str]) -> ShellName:
    """Return the shell that runs us; raises UsageError when that is none for which there is code."""
    if os.name == "nt":
        return "cmd" if "PROMPT" in environ else "powershell"  # only the command prompt sets that
    own = KNOWN.get(program(environ.get("SHELL", "")))
    for name in _ancestors(os.getppid()):
        # make and scripts put an sh in between: then what the user has chosen is the better guess
        if name in KNOWN:
            return own or KNOWN[name] if name == "sh" else KNOWN[name]
    if own:
        return own
    raise UsageError(
        f"cannot tell which shell this is ($SHELL is {environ.get('SHELL', '')!r})",
        hint="name it: --shell bash, zsh, fish, powershell or cmd",
    )


def program(path: str) -> str:
    """Return a program's bare name: of ``-zsh`` and ``/bin/zsh`` that is ``zsh``."""
    return PurePath(path).name.lower().removesuffix(".exe").lstrip("-")


def _ancestors(pid: int) -> Iterator[str]:
    for _ in range(_GENERATIONS):
        if pid <= 1:
            return
        parent, name = _process(pid)
        yield program(name)
        pid = parent


def _process(pid: int) -> tuple[int, str]:
    """Return the parent and the name of a process; (0, "") when it cannot be seen."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        if stat.exists():
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            return int(rest.split()[1]), name
        parent, _, name = (
            processes.run([programs.found("ps") or "/bin/ps", "-o", "ppid=,comm=", "-p", str(pid)])
            .stdout.strip()
            .partition(" ")
        )
        return int(parent), name.strip()
    except (OSError, ValueError, IndexError):
        return 0, ""
