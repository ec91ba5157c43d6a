"""What an environment is built from on this machine: its locks, the profile, and one digest over them."""

from __future__ import annotations

import hashlib
import platform as machine_facts
import sys
from typing import TYPE_CHECKING

from workflow.base import locations
from workflow.base.errors import EnvironmentProblem
from workflow.base.records import Record
from workflow.environment import conda_lock, purposes
from workflow.environment.model import DEFAULT_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.purposes import Purpose

_PROFILE_MARK = b"# profile:"


class Blueprint(Record):
    """The files that decide what is in an environment here, and what it is for."""

    platform: str
    conda_lock: Path
    pip_lock: Path
    profile: str
    digest: str
    purpose: Purpose = purposes.CONVERTER


def platform() -> str:
    """Return conda's name of this platform (``linux-64``...); raises EnvironmentProblem without a lock."""
    name = conda_lock.current_platform()
    if name is None:
        raise EnvironmentProblem(
            f"there is no lock of the converter environment for {sys.platform} on {machine_facts.machine()}",
            hint="it exists for Linux with glibc (x86_64, aarch64), macOS (Intel, Apple silicon) and 64 bit Windows",
        )
    return name


def blueprint(name: str = DEFAULT_NAME) -> Blueprint:
    """Read the locks of the environment of this name for this platform.

    Raises EnvironmentProblem when they are missing or have no profile.
    """
    here, purpose = platform(), purposes.of(name)
    conda = locations.project_file("conda-lock.yml")
    pip_lock = locations.project_file("requirements") / purpose.lock.format(platform=here)
    try:
        contents = [path.read_bytes() for path in ((conda,) if purpose.uses_conda_lock else ()) + (pip_lock,)]
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot read the environment's lock {error.filename}: {error.strerror}",
            hint="the installation is incomplete: install the tool again, or restore the file from git",
        ) from error
    digest = hashlib.sha256()
    for data in contents:
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    profile = _profile(pip_lock, contents[-1], known=purpose.profiles)
    return Blueprint(here, conda, pip_lock, profile, digest.hexdigest(), purpose)


def _profile(path: Path, content: bytes, *, known: tuple[str, ...]) -> str:
    first = content.split(b"\n", 1)[0]
    if first.startswith(_PROFILE_MARK):
        profile = first.removeprefix(_PROFILE_MARK).decode("ascii", "replace").strip()
        if profile in known:
            return profile
    raise EnvironmentProblem(
        f"{path}: the first line does not say {' or '.join(repr(f'# profile: {name}') for name in known)}",
        hint="make the lock anew with scripts/relock.py",
    )
