"""Whether the JavaScript packages are still what npm installed, having held its archives against the lock's hashes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workflow.environment.health import Check
from workflow.environment.integrity import Listed, as_check, compared
from workflow.verification.runtimes import packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.verification.runtimes.package_installation import Installation

TITLE = "files of JavaScript packages"
_ANEW = "nothing: they are installed anew when a model next runs in Node.js or a browser"
_NOT_KEPT = "they were installed by a version of this tool that kept no hashes; delete {folder} to have them anew"


def checks() -> Iterator[Check]:
    """Hash what is installed now, if anything is, and yield one check; what differs is installed anew when needed."""
    there = packages.installation()
    if there.is_complete():
        yield _checked(there)


def _checked(there: Installation) -> Check:
    begin = time.monotonic()
    kept = there.kept_hashes()
    if kept is None:
        return Check(TITLE, "sha256", 0.0, "marked", "", _NOT_KEPT.format(folder=there.folder))
    listed = [Listed(path=there.folder / name, sha256=sha256, package=_package(name)) for name, sha256 in kept.items()]
    found = compared(listed)
    seconds, against = time.monotonic() - begin, "those of its installation"
    check = as_check(TITLE, found, against=against, seconds=seconds, mend=_ANEW)
    if check.verdict == "failed":
        there.distrust()
    return check


def _package(name: str) -> str:
    """Return the package of a file: ``@tensorflow/tfjs-core`` of ``node_modules/@tensorflow/tfjs-core/dist/x``."""
    parts = name.split("/")[1:]
    return "/".join(parts[: 2 if parts and parts[0].startswith("@") else 1])
