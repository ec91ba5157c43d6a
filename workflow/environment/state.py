"""What is written down about an environment: a state file in it when complete, a mark beside it until then.

An environment without its state file is not complete; a prefix with neither state nor mark is not ours.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workflow.base import locations
from workflow.base.errors import UsageError
from workflow.base.storage import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = ".tfjs-workflow.json"
FORMAT = 1
_MARK_SUFFIX = ".tfjs-workflow.partial"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:@([0-9a-f]{1,64}))?")
_DIGITS = 12


@dataclass(frozen=True)
class State:
    """The content of a state file. ``unhealthy`` holds the reason when a later verification failed."""

    name: str
    prefix: str
    manager: str
    python_version: str
    profile: str
    lock_digest: str
    caveats: tuple[str, ...]
    created: str
    tool_version: str
    platform: str
    unhealthy: str = ""
    format: int = FORMAT


def folder() -> Path:
    """Return the folder of all environments, which need not exist."""
    return locations.home() / "envs"


def is_name(text: str) -> bool:
    """Return whether an environment can have this name."""
    return bool(_NAME.fullmatch(text)) and not text.endswith(".")


def prefix(name: str) -> Path:
    """Return where former versions put the environment of this name; raises UsageError for what cannot be a name."""
    if not is_name(name):
        raise UsageError(
            f"{name!r} cannot be the name of an environment",
            hint="use up to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return folder() / name


def place(name: str, digest: str) -> Path:
    """Return where the environment of this name lives that is made from the locks of this digest.

    The name of the folder is its key: the name that people see, ``@``, and the first digits. No name has an ``@``.
    """
    plain = prefix(name)
    return plain.with_name(f"{plain.name}@{digest[:_DIGITS]}")


def split(key: str) -> tuple[str, str]:
    """Return the name and the digits of a key; digits are empty where former versions put it, both for no key."""
    match = _KEY.fullmatch(key)
    return (match[1], match[2] or "") if match and is_name(match[1]) else ("", "")


def name_of(path: Path) -> str:
    """Return the name that people see of the environment in this prefix."""
    return split(path.name)[0] or path.name


def digest_of(path: Path) -> str:
    """Return the digest of the locks that a prefix is or was being made from, empty when nothing says so."""
    known = read(path)
    if known is not None:
        return known.lock_digest
    try:
        return _mark(path).read_text(encoding="ascii").partition("\n")[2].strip()
    except (OSError, ValueError):
        return ""


def stands(path: Path) -> bool:
    """Return whether anything is at a prefix, be it only the note that something was to be made there."""
    return os.path.lexists(path) or is_marked(path)


def log_path(key: str) -> Path:
    """Return the log of the latest creation of the environment of this key."""
    return locations.home() / "logs" / f"env-{key}.log"


def read(path: Path) -> State | None:
    """Return the state of a prefix, or None when it has none that this version of the tool can read."""
    try:
        content: dict[str, Any] = json.loads((path / FILE_NAME).read_bytes())
        content["caveats"] = tuple(content["caveats"])
        known = State(**content)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return known if known.format == FORMAT else None


def write(path: Path, state: State) -> None:
    """Write the state of a prefix: all of it or, when that fails, nothing. Raises StorageError."""
    write_atomically(path / FILE_NAME, f"{json.dumps(asdict(state), indent=2)}\n".encode())


def erase(path: Path) -> None:
    """Delete the state of a prefix, after which it counts as incomplete."""
    (path / FILE_NAME).unlink(missing_ok=True)


def exists(path: Path) -> bool:
    """Return whether a prefix has a state file, readable or not."""
    return (path / FILE_NAME).is_file()


def mark(path: Path, digest: str = "") -> None:
    """Note beside a prefix that what is in it is ours and incomplete, and of which locks it is to be made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = digest or digest_of(path)
    _mark(path).write_text(f"{os.getpid()}\n{digest}\n", encoding="ascii")


def unmark(path: Path) -> None:
    """Take the note away."""
    _mark(path).unlink(missing_ok=True)


def is_marked(path: Path) -> bool:
    """Return whether the note is there."""
    return _mark(path).is_file()


def marked_name(file_name: str) -> str:
    """Return the key of the environment whose note has this file name, or nothing when it is no note."""
    return file_name[1:].removesuffix(_MARK_SUFFIX) if file_name.endswith(_MARK_SUFFIX) else ""


def _mark(path: Path) -> Path:
    return path.with_name(f".{path.name}{_MARK_SUFFIX}")
