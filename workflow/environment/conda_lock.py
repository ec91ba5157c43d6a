"""A light reader of conda-lock.yml (conda-lock's format 1), and conda's name of this machine's platform."""

from __future__ import annotations

import platform as _platform
import re
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from workflow.base.errors import EnvironmentProblem
from workflow.base.records import Record

if TYPE_CHECKING:
    from pathlib import Path

_RELOCK = "make the lock anew: `tfjs-workflow env lock`, or restore conda-lock.yml from the project"
_PACKAGES_KEY = re.compile(r"^package:", re.MULTILINE)
_DIGESTS = {"sha256": re.compile(r"[0-9a-f]{64}"), "md5": re.compile(r"[0-9a-f]{32}")}
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
_MIRRORED_CHANNEL = "conda-forge"
# the name becomes a file name here, so nothing else will do
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]*\.(conda|tar\.bz2)")


class LockedPackage(Record):
    """One conda package of the lock for one platform; at least one of ``sha256`` and ``md5`` is not empty."""

    name: str
    version: str
    url: str
    sha256: str = ""
    md5: str = ""

    @property
    def file_name(self) -> str:
        """The last part of the URL: ``python-3.8.20-h4a871b0_2_cpython.conda``."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name

    @property
    def channel(self) -> str:
        """The URL of the channel, without the platform's folder and the file."""
        return self.url.rsplit("/", 2)[0]

    @property
    def is_mirrored(self) -> bool:
        """Whether it is of the channel that mirrors hold."""
        return self.channel.endswith(f"/{_MIRRORED_CHANNEL}")

    @property
    def place(self) -> str:
        """The platform's folder and the file, as they stand below the URL of any mirror of the channel."""
        return "/".join(self.url.rsplit("/", 2)[1:])

    @property
    def digest(self) -> tuple[str, str]:
        """The stronger of the two checksums: its algorithm and the value in hexadecimal."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5)


def current_platform() -> str | None:
    """Return conda's name of this machine (``linux-64``...), or None where conda packages cannot run."""
    if sys.maxsize < _BITS_64:
        return None
    name = _MACHINES.get((sys.platform, _platform.machine().lower()))
    return None if name is not None and _without_glibc() else name


def platforms(lock: Path) -> tuple[str, ...]:
    """Return the platforms that the lock says it is for, reading only its head. Raises EnvironmentProblem."""
    head = _PACKAGES_KEY.split(_read(lock), maxsplit=1)[0]
    content = _checked(_parse(head, lock), lock)
    try:
        return tuple(str(name) for name in content["metadata"]["platforms"])
    except (KeyError, TypeError):
        raise _malformed(lock, "it does not say for which platforms it is") from None


def packages(lock: Path, platform: str) -> tuple[LockedPackage, ...]:
    """Return the conda packages of category ``main`` for one platform, in the lock's order.

    Raises EnvironmentProblem when the file is no readable lock, has nothing for the platform, or names a
    package without a usable checksum.
    """
    content = _checked(_parse(_read(lock), lock), lock)
    entries = content.get("package")
    if not isinstance(entries, list):
        raise _malformed(lock, "it has no list of packages")
    found = tuple(_package(entry, lock) for entry in entries if _wanted(entry, platform))
    if found:
        return found
    raise EnvironmentProblem(
        f"{lock}: nothing is locked for the platform {platform}",
        hint="let another manager make the environment: --manager python",
        details=f"platforms in the lock: {', '.join(platforms(lock))}",
    )


def _wanted(entry: object, platform: str) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("manager", "conda") == "conda"
        and entry.get("platform") == platform
        and entry.get("category", "main") == "main"
    )


def _package(entry: dict[str, Any], lock: Path) -> LockedPackage:
    hashes = entry.get("hash") or {}
    try:
        digests = {name: str(hashes.get(name) or "").lower() for name in _DIGESTS}
        package = LockedPackage(str(entry["name"]), str(entry["version"]), str(entry["url"]), **digests)
    except (KeyError, AttributeError):
        raise _malformed(lock, f"a package lacks its name, version, url or hash: {entry}") from None
    algorithm, value = package.digest
    if not _DIGESTS[algorithm].fullmatch(value):
        raise _malformed(lock, f"{package.name} has no checksum that could be checked: {value or 'none'}")
    if not _FILE_NAME.fullmatch(package.file_name):
        raise _malformed(lock, f"{package.url} is not the URL of a conda package")
    return package


def _read(lock: Path) -> str:
    try:
        return lock.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentProblem(f"{lock}: cannot be read: {error}", hint=_RELOCK) from error


def _parse(text: str, lock: Path) -> Any:
    import yaml  # noqa: PLC0415  8 ms that callers who never read a lock need not spend

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe
    except yaml.YAMLError as error:
        raise _malformed(lock, f"it is not YAML: {error}") from error


def _checked(content: Any, lock: Path) -> dict[str, Any]:
    version = content.get("version") if isinstance(content, dict) else None
    if version != 1:
        raise _malformed(lock, f"version is {version!r}, and only conda-lock's format 1 is understood")
    return dict(content)


def _malformed(lock: Path, what: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{lock}: not a conda-lock file: {what}", hint=_RELOCK)


def _without_glibc() -> bool:
    """Tell whether this is a Linux of another C library (Alpine), where conda-forge's packages do not run."""
    return sys.platform == "linux" and _platform.libc_ver()[0] != "glibc"
