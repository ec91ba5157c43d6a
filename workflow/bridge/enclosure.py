"""What a walled worker is given of the user's environment, and what there is to say of the wall on this machine."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.bridge.airlock import Airlock

_KNOWN = frozenset(
    {
        "COMSPEC",
        "CUDA_VISIBLE_DEVICES",
        "DYLD_LIBRARY_PATH",
        "KERAS_BACKEND",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "NUMBER_OF_PROCESSORS",
        "PATH",
        "PATHEXT",
        "PROCESSOR_ARCHITECTURE",
        "PYTHONHASHSEED",
        "PYTHONNOUSERSITE",
        "SYSTEMDRIVE",
        "SYSTEMROOT",
        "TFJS_WORKER_KERAS",
        "TFJS_WORKFLOW_TEST_WITHOUT_LIST",
        "TZ",
        "WINDIR",
    }
)
_KNOWN_PREFIXES = ("GOMP_", "KMP_", "LC_", "MALLOC_", "MKL_", "OMP_", "OPENBLAS_", "TF_", "XLA_")
_HOMES = ("HOME", "USERPROFILE", "KERAS_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")


def variables(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the variables that TensorFlow may need, and none of those that programs keep secrets in.

    What is looked for in the user's home is looked for in ``home``.
    """
    kept = {name: value for name, value in environ.items() if _is_known(name.upper() if os.name == "nt" else name)}
    return {**kept, **dict.fromkeys(_HOMES, str(home))}


def spoken(airlock: Airlock) -> str:
    """Return the folders of a wall as the worker's bootstrap takes them."""
    return json.dumps({"reads": [str(airlock.reads)], "writes": [str(airlock.writes)], "removed": [str(airlock.path)]})


def described() -> list[str]:
    """Return, one phrase each, what holds the wall around workers on this machine, and what it lacks."""
    from workflow.worker.shared import wall  # noqa: PLC0415  ctypes, for those who ask

    found = wall.abilities()
    if found["profile"]:
        return ["macOS's sandbox: files, programs, network"]
    landlock, calls = found["files"], found["calls"]
    told = [f"Landlock {landlock}: files"] if landlock else []
    told += ["seccomp: programs, sockets, other processes, modes of files"] if calls else []
    if not landlock:
        told.append("missing: Landlock (Linux 5.13 or later, and a container that allows it), for files")
    if not calls:
        told.append("missing: seccomp (Linux on x86-64 or arm64), for programs, sockets and other processes")
    if not (landlock and calls):
        told.append("instead: Python's audit hooks, which stop Python and not TensorFlow's own C++")
    return told


def _is_known(name: str) -> bool:
    return name in _KNOWN or name.startswith(_KNOWN_PREFIXES)
