"""conda-lock.yml against environment.yml, by the content hash that conda-lock itself computes.

conda-lock hashes, per platform, a JSON of the channels, of the dependencies sorted by name, and of the
virtual packages (``__glibc`` and the like) that it assumes there. This computes the same for what our
environment.yml uses.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from workflow.base.errors import EnvironmentProblem

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
