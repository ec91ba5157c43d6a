"""What an environment is built from on this machine: the two locks, the profile, and one digest over both."""

from __future__ import annotations

import hashlib
import platform as machine_facts
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow import locations
from workflow.environment import conda_lock
from workflow.errors import EnvironmentProblem

if TYPE_CHECKING:
    from pathlib import Path

_PROFILES = ("full", "lean")
_PROFILE_MARK = b"# profile:"


@dataclass(frozen=True)
class Blueprint:
    """The files that decide what is in an environment here."""

    platform: str
    conda_lock: Path
    pip_lock: Path
    profile: str
    digest: str


def platform() -> str:
    """Return conda's name of this platform (``linux-64``...); raises EnvironmentProblem without a lock."""
    name = conda_lock.current_platform()
    if name is None:
        raise EnvironmentProblem(
            f"there is no lock of the converter environment for {sys.platform} on {machine_facts.machine()}",
            hint="it exists for Linux with glibc (x86_64, aarch64), macOS (Intel, Apple silicon) and 64 bit Windows",
        )
    return name


def blueprint() -> Blueprint:
    """Read the locks of this platform; raises EnvironmentProblem when they are missing or have no profile."""
    here = platform()
    conda = locations.project_file("conda-lock.yml")
    pip_lock = locations.project_file("requirements") / f"tfjs-{here}.txt"
    try:
        conda_bytes, pip_bytes = conda.read_bytes(), pip_lock.read_bytes()
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot read the environment's lock {error.filename}: {error.strerror}",
            hint="the installation is incomplete: install the tool again, or restore the file from git",
        ) from error
    digest = hashlib.sha256()
    for data in (conda_bytes, pip_bytes):
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return Blueprint(here, conda, pip_lock, _profile(pip_lock, pip_bytes), digest.hexdigest())


def _profile(path: Path, content: bytes) -> str:
    first = content.split(b"\n", 1)[0]
    if first.startswith(_PROFILE_MARK):
        profile = first.removeprefix(_PROFILE_MARK).decode("ascii", "replace").strip()
        if profile in _PROFILES:
            return profile
    raise EnvironmentProblem(
        f"{path}: the first line does not say '# profile: full' or '# profile: lean'",
        hint="make the lock anew with scripts/relock.py",
    )
