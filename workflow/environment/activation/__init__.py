"""Entering an environment from a shell, without ``conda init``: code to eval, and a subshell."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, get_args

from workflow.base import processes, programs
from workflow.base.errors import UsageError
from workflow.environment.activation import shells
from workflow.environment.activation.detection import KNOWN, detect, program
from workflow.environment.activation.subshell import prepared
from workflow.environment.activation.target import ShellName, Target, target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SHELLS", "ShellName", "Target", "chosen", "code", "detect", "invocation", "line", "open_subshell", "target"]

SHELLS: tuple[ShellName, ...] = get_args(ShellName)
_CODE: dict[ShellName, Callable[[Target, Mapping[str, str]], str]] = {
    "bash": lambda target, _: shells.posix(target),
    "zsh": lambda target, _: shells.posix(target),
    "fish": lambda target, _: shells.fish(target),
    "powershell": lambda target, _: shells.powershell(target),
    "cmd": shells.cmd,
}
_COMMAND = "tfjs-workflow"
_POSIX_LINE = 'eval "$({0})"'
_LINES: dict[ShellName, str] = {
    "bash": _POSIX_LINE,
    "zsh": _POSIX_LINE,
    "fish": "{0} --shell fish | source",
    "powershell": "{0} --shell powershell | Out-String | Invoke-Expression",
    "cmd": "for /f \"delims=\" %i in ('{0} --shell cmd') do @%i",
}


def chosen(text: str | None, environ: Mapping[str, str]) -> ShellName:
    """Return the shell of this name, or the one that runs us when ``text`` is None. Raises UsageError."""
    if text is None:
        return detect(environ)
    if text.lower() in KNOWN:
        return KNOWN[text.lower()]
    raise UsageError(f"--shell: there is no code for {text!r}", hint=f"shells: {', '.join(SHELLS)}")


def code(shell: ShellName, target: Target, *, environ: Mapping[str, str]) -> str:
    """Return what enters the environment when ``shell`` evals it."""
    return _CODE[shell](target, environ)


def line(shell: ShellName, name: str) -> str:
    """Return the line that a user types in ``shell`` to enter the environment of this name."""
    call = "& " if shell == "powershell" and invocation() != _COMMAND else ""
    return _LINES[shell].format(f"{call}{invocation()} env activate {name}")


def invocation() -> str:
    """Return how the user can call this tool: by its name when that is on PATH, else as it was called now."""
    if programs.found(_COMMAND) is None and program(sys.argv[0]) == _COMMAND:
        return shlex.quote(sys.argv[0])
    return _COMMAND


def open_subshell(shell: ShellName, target: Target) -> int:
    """Open this shell in the environment, wait until the user leaves it, and return its exit code."""
    path = _program(shell)
    with prepared(shell, target, program=path) as subshell:
        return processes.run_foreground(subshell.argv, env={**os.environ, **subshell.variables})


def _program(shell: ShellName) -> str:
    own = os.environ.get("SHELL", "")
    if KNOWN.get(program(own)) == shell and os.access(own, os.X_OK):
        return own
    names = [name for name, known in KNOWN.items() if known == shell]
    found = next(filter(None, map(programs.found, names)), None)
    if found is None:
        raise UsageError(f"{shell} is not on PATH", hint="name another: --shell bash, zsh, fish, powershell or cmd")
    return found
