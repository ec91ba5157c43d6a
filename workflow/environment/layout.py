"""Where things are inside an environment's prefix, for conda's layout and for a virtual environment's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WINDOWS = os.name == "nt"
# on Windows conda puts python.exe at the top, a virtual environment into Scripts
_FOLDERS = ("", "Scripts", "Library/bin") if WINDOWS else ("bin",)
_SUFFIX = ".exe" if WINDOWS else ""


def program(prefix: Path, name: str) -> Path:
    """Return the path of an executable in ``prefix``; where there is none, one where it could be."""
    candidates = [prefix / folder / f"{name}{_SUFFIX}" for folder in _FOLDERS]
    return next((path for path in candidates if path.is_file()), candidates[0])


def python(prefix: Path) -> Path:
    """Return the path of the interpreter of ``prefix``."""
    return program(prefix, "python")


def search_path(prefix: Path) -> list[Path]:
    """Return the folders of executables of ``prefix``; the interpreter's own comes first."""
    first = python(prefix).parent
    others = [prefix / folder for folder in _FOLDERS]
    return [first, *(folder for folder in others if folder != first and folder.is_dir())]
