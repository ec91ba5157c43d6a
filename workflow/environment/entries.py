"""What the rest of the tool knows of a converter environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from workflow.base.records import Record

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_NAME = "tfjs"
KERAS3_NAME = "keras3"
"""The reserved name of the environment for files of Keras 3."""

NO_CONDA = "not a conda environment"
"""The caveat that changes nothing in what is computed: said when one is made, verified and shown, not on every run."""

ManagerName = Literal["micromamba", "mamba", "conda", "embedded", "python", "python-nearby"]
Status = Literal["ready", "stale", "broken", "partial", "foreign", "absent"]


class Environment(Record):
    """An environment; ``caveats`` says what is not as asked, ``profile`` is full or lean, or keras3."""

    name: str
    prefix: Path
    python: Path
    manager: str
    python_version: str
    profile: str
    lock_digest: str
    caveats: tuple[str, ...]


class Wishes(Record):
    """What the user asked for on the command line; the rest comes from variables and the settings file."""

    manager: str | None = None
    strict: bool = False
    offline: bool = False
    mirror: str | None = None


class EnvironmentEntry(Record):
    """What stands under an environment's name, whatever its condition; ``reason`` says why it is not ready.

    ``current``: it is the one that this checkout takes for the name; others may be of other checkouts.
    ``environment`` is there for ready, stale and broken ones, as far as their state could be read.
    """

    name: str
    prefix: Path
    status: Status
    reason: str = ""
    environment: Environment | None = None
    created: str = ""
    tool_version: str = ""
    platform: str = ""
    current: bool = True

    @property
    def key(self) -> str:
        """What it is called among all: the name, or the name with the first digits of its lock."""
        return self.prefix.name
