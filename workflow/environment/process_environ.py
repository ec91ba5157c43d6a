"""The process environment in which the programs of a converter environment run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow.environment import layout

if TYPE_CHECKING:
    from workflow.environment.model import Environment

# what would make its Python look for modules elsewhere, or believe that it belongs to another environment
_DROPPED = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})
_DROPPED_PREFIX = "CONDA_"
# Keras would follow them to a backend, or to a Keras, that the environment does not hold
_KERAS3 = {"KERAS_BACKEND": "tensorflow", "TF_USE_LEGACY_KERAS": "0"}
_DEFAULTS = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}


def worker_environ(environment: Environment) -> dict[str, str]:
    """Return this process's variables made fit for the environment's programs, which come first on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _DROPPED and not name.startswith(_DROPPED_PREFIX)
    }
    folders = [str(folder) for folder in layout.search_path(environment.prefix)]
    path = os.pathsep.join([*folders, *filter(None, [kept.get("PATH", os.defpath)])])
    fixed = _KERAS3 if environment.profile == "keras3" else {}
    return {**_DEFAULTS, **kept, **fixed, "PATH": path, "PYTHONNOUSERSITE": "1"}
