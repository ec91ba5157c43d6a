"""What a shell needs to know of an environment in order to enter it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workflow.environment import layout

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.entries import Environment

ShellName = Literal["bash", "zsh", "fish", "powershell", "cmd"]

ACTIVE = "TFJS_WORKFLOW_ENV"
# by these conda knows which environment is meant; all others of its variables stay, as its shell function needs them
OF_CONDA = ("CONDA_PREFIX", "CONDA_DEFAULT_ENV")
# they belong to another Python
FOREIGN = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")


@dataclass(frozen=True)
class Target:
    """The environment to enter: its name for the prompt, its prefix, where its programs are, whether it is conda's."""

    name: str
    prefix: Path
    search_path: tuple[Path, ...]
    is_of_conda: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """The variables that say which environment is active."""
        conda = dict.fromkeys(OF_CONDA, str(self.prefix)) if self.is_of_conda else {}
        return {ACTIVE: str(self.prefix), **conda}


def target(environment: Environment) -> Target:
    """Return what a shell needs to know of this environment."""
    prefix = environment.prefix
    return Target(environment.name, prefix, tuple(layout.search_path(prefix)), (prefix / "conda-meta").is_dir())
