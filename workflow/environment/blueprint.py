"""What an environment is built from on this machine: its locks, what it is for, its profile, and one digest over them.

What it is for is told by its name: ``keras3`` is for files of Keras 3, every other for the converter.
"""

from __future__ import annotations

import hashlib
import platform as machine_facts
import sys
from typing import TYPE_CHECKING

from workflow.base import locations
from workflow.base.errors import EnvironmentProblem
from workflow.base.records import Record
from workflow.environment.entries import DEFAULT_NAME, KERAS3_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.entries import ManagerName

_PROFILE_MARK = b"# profile:"
_MACHINES = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "amd64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("linux", "arm64"): "linux-aarch64",
    ("darwin", "x86_64"): "osx-64",
    ("darwin", "arm64"): "osx-arm64",
    ("win32", "amd64"): "win-64",
    ("win32", "x86_64"): "win-64",
}
_BITS_64 = 2**32


class Purpose(Record):
    """A sort of environment: its locks and profiles, who can make it, and what one must know of it.

    ``lock`` is a pattern with the platform's name. ``program`` is what a complete environment has beside its Python.
    """

    lock: str
    uses_conda_lock: bool
    profiles: tuple[str, ...]
    managers: tuple[ManagerName, ...]
    interpreter: str
    program: str
    download: str
    announcement: str = ""
    trial: tuple[str, ...] = ()


CONVERTER = Purpose(
    lock="tfjs-{platform}.txt",
    uses_conda_lock=True,
    profiles=("full", "lean"),
    managers=("micromamba", "mamba", "conda", "embedded", "python", "python-nearby"),
    interpreter="micromamba, or a CPython 3.8 (pyenv and uv can)",
    program="tensorflowjs_converter",
    download="0.7 GB",
    trial=("tensorflowjs_converter", "--help"),
)
KERAS3 = Purpose(
    lock="keras3.txt",
    uses_conda_lock=False,
    profiles=("keras3",),
    managers=("python",),
    interpreter="a CPython 3.10 to 3.13 (your system's package manager, pyenv and uv can)",
    program="saved_model_cli",
    download="0.3 GB",
    announcement="it holds today's TensorFlow and Keras, for files of Keras 3 that the converter's Keras cannot load: "
    "made once, 0.3 GB to download and 1.5 GB on disk, 15 seconds and the time of the download",
    trial=("python", "-c", '"import keras; print(keras.__version__)"'),
)


def purpose_of(name: str) -> Purpose:
    """Return what the environment of this name is for."""
    return KERAS3 if name == KERAS3_NAME else CONVERTER


class Blueprint(Record):
    """The files that decide what is in an environment here, and what it is for."""

    platform: str
    conda_lock: Path
    pip_lock: Path
    profile: str
    digest: str
    purpose: Purpose = CONVERTER


def platform() -> str:
    """Return conda's name of this platform (``linux-64``...); raises EnvironmentProblem without a lock."""
    name = current_platform()
    if name is None:
        raise EnvironmentProblem(
            f"there is no lock of the converter environment for {sys.platform} on {machine_facts.machine()}",
            hint="it exists for Linux with glibc (x86_64, aarch64), macOS (Intel, Apple silicon) and 64 bit Windows",
        )
    return name


def current_platform() -> str | None:
    """Return conda's name of this machine (``linux-64``...), or None where conda packages cannot run."""
    if sys.maxsize < _BITS_64:
        return None
    name = _MACHINES.get((sys.platform, machine_facts.machine().lower()))
    return None if name is not None and _without_glibc() else name


def blueprint(name: str = DEFAULT_NAME) -> Blueprint:
    """Read the locks of the environment of this name for this platform.

    Raises EnvironmentProblem when they are missing or have no profile.
    """
    here, purpose = platform(), purpose_of(name)
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


def _without_glibc() -> bool:
    """Tell whether this is a Linux of another C library (Alpine), where conda-forge's packages do not run."""
    return sys.platform == "linux" and machine_facts.libc_ver()[0] != "glibc"
