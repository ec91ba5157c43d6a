"""A shell within the shell: the user's own, with the user's own start-up files, in the environment."""

from __future__ import annotations

import contextlib
import os
import shlex
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.environment.activation import shells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.environment.activation.target import ShellName, Target

_BASH_FILES = ("/etc/bash.bashrc", "~/.bashrc")  # those that --rcfile replaces

# zsh looks for its files in ZDOTDIR alone: ours stand there, put the user's ZDOTDIR back, and read the user's
# files, of which .zshenv may move it
_ZSH_FILES = {
    ".zshenv": """\
{theirs}
if [ -f "${{ZDOTDIR:-$HOME}}/.zshenv" ]; then . "${{ZDOTDIR:-$HOME}}/.zshenv"; fi
_TFJS_ZDOTDIR="${{ZDOTDIR-}}"
{ours}
""",
    ".zshrc": """\
if [ -n "$_TFJS_ZDOTDIR" ]; then export ZDOTDIR="$_TFJS_ZDOTDIR"; else unset ZDOTDIR; fi
unset _TFJS_ZDOTDIR
if [ -f "${{ZDOTDIR:-$HOME}}/.zshrc" ]; then . "${{ZDOTDIR:-$HOME}}/.zshrc"; fi
""",
}


@dataclass(frozen=True)
class Subshell:
    """The command that opens the shell, and the variables that it needs beside the inherited ones."""

    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def prepared(shell: ShellName, target: Target, *, program: str) -> Iterator[Subshell]:
    """Give what opens ``program`` in the environment; its start-up files exist within the block."""
    with tempfile.TemporaryDirectory(prefix="tfjs-shell-") as folder:
        yield _PREPARE[shell](program, target, Path(folder))


def _bash(program: str, target: Target, folder: Path) -> Subshell:
    start = folder / "bashrc"
    lines = [f"if [ -f {file} ]; then . {file}; fi" for file in _BASH_FILES]
    start.write_text("\n".join([*lines, shells.posix(target)]), "utf-8", "surrogateescape")
    return Subshell((program, "--rcfile", str(start), "-i"))


def _zsh(program: str, target: Target, folder: Path) -> Subshell:
    theirs = os.environ.get("ZDOTDIR")
    for name, template in _ZSH_FILES.items():
        text = template.format(
            theirs="unset ZDOTDIR" if theirs is None else f"export ZDOTDIR={shlex.quote(theirs)}",
            ours=f"export ZDOTDIR={shlex.quote(str(folder))}",
        )
        (folder / name).write_text(text, "utf-8", "surrogateescape")
    with (folder / ".zshrc").open("a", encoding="utf-8", errors="surrogateescape") as start:
        start.write(shells.posix(target))
    return Subshell((program, "-i"), {"ZDOTDIR": str(folder)})


def _fish(program: str, target: Target, folder: Path) -> Subshell:
    start = folder / "activate.fish"
    start.write_text(shells.fish(target), "utf-8", "surrogateescape")
    return Subshell((program, "-i", "-C", f"source '{start}'"))


def _powershell(program: str, target: Target, _folder: Path) -> Subshell:
    return Subshell((program, "-NoLogo", "-NoExit", "-Command", shells.powershell(target)))


def _cmd(program: str, target: Target, folder: Path) -> Subshell:
    start = folder / "activate.bat"
    # in a batch file, unlike on the prompt, a percent sign stands for itself when it is doubled
    text = shells.cmd(target, os.environ).replace("%", "%%")
    start.write_text("@echo off\n" + text + "@echo on\n", "utf-8", newline="\r\n")
    return Subshell((program, "/K", str(start)))


_PREPARE: dict[ShellName, Callable[[str, Target, Path], Subshell]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    "powershell": _powershell,
    "cmd": _cmd,
}
