"""Finding a browser of Chromium's family on this machine: the program itself, not a wrapper that adds flags."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import programs
from workflow.verification.requests import NotRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE = "TFJS_WORKFLOW_BROWSER"
ABSENT = "no Chromium, Chrome or Edge was found on this machine"
"""Why there is no browser; records keep it, and ``presence`` knows them by it."""

REMEDY = (
    f"install Chromium, Chrome or Edge (on Debian: apt-get install chromium), or set {VARIABLE} to the program of one"
)
_LINUX = (
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
    "/opt/microsoft/msedge/msedge",
)
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
_MACOS = ("Google Chrome", "Chromium", "Microsoft Edge")
_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
_WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")


def find(environ: Mapping[str, str] | None = None, *, platform: str = sys.platform) -> Path | NotRun:
    """Return the browser that the variable names, else the first in the usual places and on PATH."""
    known = os.environ if environ is None else environ
    chosen = known.get(VARIABLE)
    if chosen:
        there = programs.found(chosen, path=known.get("PATH")) or chosen
        if Path(there).is_file():
            return Path(there).absolute()
        return NotRun(f"{VARIABLE} is {chosen}, and no program is there", f"correct {VARIABLE}, or unset it")
    found = next((place for place in places(known, platform=platform) if place.is_file()), None)
    return found or NotRun(ABSENT, REMEDY)


def places(environ: Mapping[str, str], *, platform: str) -> Iterable[Path]:
    """Yield where a browser may be, the likeliest first."""
    if platform == "darwin":
        for folder in (Path("/Applications"), Path(environ.get("HOME", "/")) / "Applications"):
            yield from (folder / f"{name}.app" / "Contents" / "MacOS" / name for name in _MACOS)
    elif platform == "win32":
        for name in _WINDOWS_FOLDERS:
            yield from (Path(environ.get(name, "C:/")) / program for program in _WINDOWS)
    else:
        yield from map(Path, _LINUX)
    path = environ.get("PATH", os.defpath)
    yield from (Path(found) for name in _NAMES if (found := programs.found(name, path=path)))
    yield from sorted(
        (Path(environ.get("HOME", "/")) / ".cache" / "ms-playwright").glob("chromium-*/chrome-linux*/chrome")
    )
