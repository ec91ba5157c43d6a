"""What a shell needs to know of an environment in order to enter it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workflow.environment import layout

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.model import Environment

ShellName = Literal["bash", "zsh", "fish", "powershell", "cmd"]

ACTIVE = "TFJS_WORKFLOW_ENV"
# they belong to another Python; conda's own variables stay, as its shell function depends on them
FOREIGN = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")


@dataclass(frozen=True)
class Target:
    """The environment to enter: its name for the prompt, its prefix, and its folders of executables."""

    name: str
    prefix: Path
    search_path: tuple[Path, ...]


def target(environment: Environment) -> Target:
    """Return what a shell needs to know of this environment."""
    return Target(environment.name, environment.prefix, tuple(layout.search_path(environment.prefix)))
