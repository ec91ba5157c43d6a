"""What the conda-like programs print when they fail, and what that means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.base.errors import DownloadError, EnvironmentProblem, ForeignPathError, IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.processes import Completed

_TAIL_LINES = 12


@dataclass(frozen=True)
class _Meaning:
    pattern: str
    error: type[EnvironmentProblem]
    what: str
    hint: str


# the first that matches holds: a checksum mismatch also names a URL, a refused connection also says "error"
_MEANINGS = (
    _Meaning(
        r"ChecksumMismatch|checksum|(?:sha256|md5) .*(?:mismatch|differ)|SafetyError",
        IntegrityError,
        "fetched a package that is not the one in conda-lock.yml",
        "empty its package cache (clean --tarballs --packages) or try another --mirror",
    ),
    _Meaning(
        r"No space left|NoSpaceLeft|not enough (?:free )?space|ENOSPC",
        EnvironmentProblem,
        "ran out of disk space",
        "free some, or set TFJS_WORKFLOW_HOME to a folder on another disk",
    ),
    _Meaning(
        r"OfflineError|offline mode|cannot be .*offline|--offline",
        DownloadError,
        "does not have every package in its cache, and may not fetch them",
        "run it once without --offline",
    ),
    _Meaning(
        r"HTTP 404|404 NOT FOUND|status 404|\(404\)",
        DownloadError,
        "did not find a package there (404)",
        "that mirror may lag behind; try another --mirror",
    ),
    _Meaning(
        r"CondaHTTPError|CondaSSLError|CONNECTION FAILED|Connection(?:Refused|Reset)?Error|ProxyError|"
        r"HTTP \d{3}|Could not resolve|Download error|Multi-download failed|timed? ?out|"
        r"Failed to (?:connect|establish)",
        DownloadError,
        "could not fetch the packages",
        "check the network and proxy (HTTPS_PROXY), or name a mirror: --mirror tuna, --mirror URL",
    ),
    _Meaning(
        r"prefix already exists|environment already exists|Non-conda folder exists",
        ForeignPathError,
        "found something at the place of the new environment",
        "remove that folder, or choose another name",
    ),
    _Meaning(
        r"NotWritableError|Permission denied|EnvironmentNotWritable|Read-only file system",
        EnvironmentProblem,
        "may not write there",
        "set TFJS_WORKFLOW_HOME to a folder of yours; its package cache must be writable too",
    ),
)
_UNKNOWN = _Meaning("", EnvironmentProblem, "failed", "see the log; --manager embedded needs no conda")


def explain(done: Completed, *, program: str, offline: bool, log: Path) -> EnvironmentProblem:
    """Return the error that says what a failed run of ``program`` means, with the end of what it printed."""
    text = f"{done.stdout}\n{done.stderr}".strip()
    spoken = "\n".join(line for line in text.splitlines() if not line.startswith("+ "))
    spoken = re.sub(r"://[^/@\s]+@", "://***@", spoken)  # conda repeats the passwords of mirrors
    meaning = next((one for one in _MEANINGS if re.search(one.pattern, spoken, re.IGNORECASE)), _UNKNOWN)
    hint = "run it once without --offline" if offline and meaning.error is DownloadError else meaning.hint
    return meaning.error(
        f"{program} {meaning.what} (exit code {done.code})",
        hint=hint,
        details="\n".join(spoken.splitlines()[-_TAIL_LINES:]),
        log=str(log),
    )
