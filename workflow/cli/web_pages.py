"""Opens pages in the user's browser where there is a user to look at them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from workflow.cli.console import echo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_page(url: str, *, by: Callable[[], str] | None = None) -> None:
    """Open a page, or say why not: on a CI machine, or without a screen, a browser of the terminal would take over.

    ``by`` makes the address to start the browser with, where others may not see the page's own in its command line.
    """
    why = why_not(os.environ, platform=sys.platform)
    if why:
        echo(f"not opened: {why}; open it yourself: {url}", error=True)
    else:
        typer.launch(by() if by else url)


def why_not(environ: Mapping[str, str], *, platform: str) -> str:
    """Return why no page can be opened here; empty where one can."""
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return "this is a CI machine (CI is set)"
    if platform.startswith("linux") and not any(environ.get(name) for name in _DISPLAYS):
        return "there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return ""
