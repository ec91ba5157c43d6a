"""conda-lock.yml (conda-lock's format 1): what it holds for a platform, and whether environment.yml asks for that.

The second is told by the content hash that conda-lock itself computes: per platform, of a JSON of the channels, of the
dependencies sorted by name, and of the virtual packages (``__glibc`` and the like) that it assumes there. This computes
the same for what our environment.yml uses.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from workflow.base.errors import EnvironmentProblem
from workflow.base.records import Record

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "environment.yml"
LOCK = "conda-lock.yml"
COMMAND = ("conda-lock", "lock", "-f", SOURCE, "--lockfile", LOCK)

_LINUX: dict[str, str | tuple[str, ...]] = {
    "__unix": "0",
    "__linux": "5.10",
    "__glibc": "2.28",
    "__cuda": "11.4",
}
# 10.15 beside 11.0 is a slip that conda-lock keeps so that hashes do not change
_MACOS: dict[str, str | tuple[str, ...]] = {"__unix": "0", "__osx": ("10.15", "11.0")}
_VIRTUAL: dict[str, dict[str, str | tuple[str, ...]]] = {
    "linux-64": {**_LINUX, "__archspec": "1 x86_64"},
    "linux-aarch64": {**_LINUX, "__archspec": "1 aarch64"},
    "osx-64": {**_MACOS, "__archspec": "1 x86_64"},
    "osx-arm64": {"__unix": "0", "__osx": "11.0", "__archspec": "1 arm64"},
    "win-64": {"__win": "0", "__archspec": "1 x86_64", "__cuda": "11.4"},
}
_SPEC = re.compile(r"(?P<name>[A-Za-z0-9_.-]+?)\s*(?P<version>(?:==?|[<>~!]=?)[^=\s]+)?")
_RELOCK = "make the lock anew: `tfjs-workflow env lock`, or restore conda-lock.yml from the project"
_PACKAGES_KEY = re.compile(r"^package:", re.MULTILINE)
_DIGESTS = {"sha256": re.compile(r"[0-9a-f]{64}"), "md5": re.compile(r"[0-9a-f]{32}")}
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


def content_hash(source: dict[str, Any], platform: str) -> str:
    """Return the hash that conda-lock 2 to 4 gives this environment.yml for ``platform``.

    Covers channels by name and dependencies of the form ``name`` or ``name`` with a version; raises
    EnvironmentProblem for anything else (a ``pip:`` section, build strings, unknown platforms).
    """
    if platform not in _VIRTUAL:
        raise EnvironmentProblem(f"{SOURCE}: no content hash is known for the platform {platform!r}")
    specs = [_dependency(item) for item in source["dependencies"]]
    content = {
        "channels": [
            json.dumps({"url": channel, "used_env_vars": []}, separators=(",", ":")) for channel in source["channels"]
        ],
        "specs": sorted(specs, key=lambda spec: str(spec["name"])),
        "virtual_package_hash": {
            "noarch": {"info": {"subdir": "noarch"}, "packages": {}},
            platform: {"info": {"subdir": platform}, "packages": _virtual_packages(platform)},
        },
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def staleness(root: Path) -> list[str]:
    """Return what makes conda-lock.yml disagree with environment.yml, platform by platform."""
    source, lock = _load(root / SOURCE), _load(root / LOCK)
    recorded: dict[str, str] = lock["metadata"]["content_hash"]
    wanted: list[str] = source["platforms"]
    locked = {package["platform"] for package in lock["package"]}
    findings = [f"{LOCK}: nothing is locked for {name}" for name in wanted if name not in locked]
    findings += [f"{LOCK}: {name} is locked and not in {SOURCE}" for name in sorted(locked - set(wanted))]
    findings += [
        f"{LOCK}: {SOURCE} has changed since it was locked for {name}"
        for name in wanted
        if recorded.get(name) != content_hash(source, name)
    ]
    return findings


def _load(path: Path) -> Any:
    import yaml  # noqa: PLC0415  not needed by those who only ask for the pip locks

    if not path.is_file():
        raise EnvironmentProblem(f"{path}: no such file", hint="it belongs to the top level of the project")
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe


def _dependency(item: object) -> dict[str, object]:
    match = _SPEC.fullmatch(item) if isinstance(item, str) else None
    if match is None:
        raise EnvironmentProblem(f"{SOURCE}: {item!r} is no plain conda dependency (name, or name with a version)")
    return {
        "name": match["name"],
        "manager": "conda",
        "category": "main",
        "extras": [],
        "version": _version(match["version"] or ""),
        "build": None,
        "conda_channel": None,
        "hash": None,
    }


def _version(text: str) -> str:
    """Return a version as conda-lock writes it: ``=3.8`` is ``3.8.*``, all else stays."""
    if text.startswith("=") and not text.startswith("=="):
        return text[1:] if text.endswith("*") else f"{text[1:]}.*"
    return text


def _virtual_packages(platform: str) -> dict[str, dict[str, object]]:
    packages: dict[str, dict[str, object]] = {}
    for name, versions in _VIRTUAL[platform].items():
        for text in (versions,) if isinstance(versions, str) else versions:
            version, _, tag = text.partition(" ")
            build = f"{tag}_0" if tag else "0"
            packages[f"{name}-{version}-{build}.tar.bz2"] = {
                "name": name,
                "version": version,
                "build_string": tag,
                "build_number": 0,
                "noarch": "",
                "depends": [],
                "timestamp": 1577854800000,
                "package_type": "virtual_system",
                "build": build,
                "subdir": platform,
            }
    return packages
