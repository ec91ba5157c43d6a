"""Finding programs by name: in the folders of PATH that say where they are, never in the one that one stands in."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def found(name: str, *, path: str | None = None) -> str | None:
    """Return the path of the first program of this name in the absolute folders of ``path``, by default PATH.

    An empty or relative entry means the current folder, in which a downloaded model may lie beside a program.
    """
    for folder in folders(path):
        if program := shutil.which(str(folder / name)):
            return program
    return None


def folders(path: str | None = None) -> list[Path]:
    """Return the absolute folders of ``path``, by default PATH."""
    listed = os.environ.get("PATH", os.defpath) if path is None else path
    return [folder for part in listed.split(os.pathsep) if (folder := Path(part)).is_absolute()]
