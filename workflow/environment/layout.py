"""Where things are inside a prefix, conda's or a virtual environment's, and the variables its programs run with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.entries import Environment

WINDOWS = os.name == "nt"
# on Windows conda puts python.exe at the top, a virtual environment into Scripts
_FOLDERS = ("", "Scripts", "Library/bin") if WINDOWS else ("bin",)
_SUFFIX = ".exe" if WINDOWS else ""
# what would make its Python look for modules elsewhere, or believe that it belongs to another environment
_DROPPED = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})
_DROPPED_PREFIX = "CONDA_"
# Keras would follow them to a backend, or to a Keras, that the environment does not hold
_KERAS3 = {"KERAS_BACKEND": "tensorflow", "TF_USE_LEGACY_KERAS": "0"}
_DEFAULTS = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}


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


def worker_environ(environment: Environment) -> dict[str, str]:
    """Return this process's variables made fit for the environment's programs, which come first on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _DROPPED and not name.startswith(_DROPPED_PREFIX)
    }
    folders = [str(folder) for folder in search_path(environment.prefix)]
    path = os.pathsep.join([*folders, *filter(None, [kept.get("PATH", os.defpath)])])
    fixed = _KERAS3 if environment.profile == "keras3" else {}
    return {**_DEFAULTS, **kept, **fixed, "PATH": path, "PYTHONNOUSERSITE": "1"}
