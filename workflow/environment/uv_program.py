"""The uv executable: where it is, what it is told about caches and indexes, what it leaves, what its failures mean."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.base import locations, locks, scratch
from workflow.base.errors import DownloadError, EnvironmentProblem, IntegrityError, NoManagerError, StorageError
from workflow.environment import pip_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.base.errors import WorkflowError

_TAIL_LINES = 15
_LOCK = ".lock"  # which every uv shares while it works in a cache
_LEFT = ".tmp*"
# set for another purpose by whoever has an environment active or a project open, and wrong for a hashed lock
_STRAY = {
    "VIRTUAL_ENV",
    *(f"UV_{name}" for name in ("PYTHON", "PROJECT", "PROJECT_ENVIRONMENT", "WORKING_DIR", "SYSTEM_PYTHON", "TARGET")),
    *(f"UV_{name}" for name in ("NO_VERIFY_HASHES", "EXCLUDE_NEWER", "PRERELEASE", "RESOLUTION")),
    *(f"UV_{name}" for name in ("CONSTRAINT", "BUILD_CONSTRAINT", "OVERRIDE", "NO_BUILD_ISOLATION", "NO_BUILD")),
}
_STRAY_PREFIXES = ("CONDA_", "PYTHON")


@dataclass(frozen=True)
class _Meaning:
    pattern: str
    error: type[WorkflowError]
    message: str
    hint: str


# in this order: uv names the download that failed before it says why
_MEANINGS = (
    _Meaning(
        r"hash mismatch|no hash|hash(?:es)? (?:do|does) not match",
        IntegrityError,
        "a package is not the one that the lock names",
        "an index or proxy serves other files, or a cached one is damaged: choose another index "
        "(PIP_INDEX_URL), or empty the cache with 'uv cache clean'",
    ),
    _Meaning(
        r"no space left|os error (?:28|112|122)\b|disk quota",
        StorageError,
        "the disk is full",
        "an environment takes 2 GB, and its package cache another 0.7: free some, or set TFJS_WORKFLOW_HOME "
        "to a folder on another disk",
    ),
    _Meaning(
        r"permission denied|read-only file system|os error (?:13|30)\b",
        StorageError,
        "a folder cannot be written",
        "mend its permissions, or set TFJS_WORKFLOW_HOME to a folder of your own",
    ),
    _Meaning(
        r"network (?:connectivity is|was) disabled",
        DownloadError,
        "offline, and a package is not in the cache",
        "create the environment once without --offline; after that the cache has all packages",
    ),
    _Meaning(
        r"no version of|was not found in the (?:package registry|provided)|no matching distribution",
        DownloadError,
        "the package index does not have a package of the lock",
        "a mirror may lag behind: choose another index with PIP_INDEX_URL or in pip's settings",
    ),
    _Meaning(
        r"failed to (?:fetch|download)|request failed|error sending request|http status|dns error|connect",
        DownloadError,
        "the package index cannot be reached",
        "check the network and proxy (HTTPS_PROXY), or name an index that can be reached with PIP_INDEX_URL "
        "or in pip's settings",
    ),
)


def path() -> str:
    """Return the uv executable that was installed with this tool; raises NoManagerError when it is gone."""
    try:
        from uv import find_uv_bin  # noqa: PLC0415  only creating an environment needs it

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise NoManagerError(
            "the uv program, which installs the environment's Python packages, is not there",
            hint="install this tool again: uv is one of its dependencies",
        ) from error


def environ(*, offline: bool) -> dict[str, str]:
    """Return the variables for uv: the user's, pip's settings in uv's words, our cache, no new Python."""
    kept = {
        name: value for name, value in os.environ.items() if name not in _STRAY and not name.startswith(_STRAY_PREFIXES)
    }
    ours = {"UV_CACHE_DIR": str(locations.cache() / "uv"), **pip_settings.for_uv(os.environ)}
    fixed = {"UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    return {**ours, **kept, **fixed, **({"UV_OFFLINE": "1"} if offline else {})}


def clear_leftovers(environ: Mapping[str, str]) -> None:
    """Remove what killed uvs have left in the cache of this environment, if it is ours and no uv is at work in it."""
    cache = locations.cache() / "uv"
    if sys.platform == "win32" or environ.get("UV_CACHE_DIR") != str(cache):
        return  # one that the user has chosen is the user's affair
    with contextlib.suppress(OSError), (cache / _LOCK).open("r+b") as lock:  # no cache yet, or no locks there
        if locks.take(lock):
            scratch.clear_folders(cache, _LEFT)


def failure(output: str, *, doing: str, log: Path) -> WorkflowError:
    """Return the error for a uv command that failed with this output."""
    tail = "\n".join(output.strip().splitlines()[-_TAIL_LINES:])
    for meaning in _MEANINGS:
        if re.search(meaning.pattern, output, re.IGNORECASE):
            return meaning.error(f"{doing}: {meaning.message}", hint=meaning.hint, details=tail, log=str(log))
    return EnvironmentProblem(f"{doing}: uv failed", hint="the log has all of it", details=tail, log=str(log))
