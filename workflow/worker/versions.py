"""The job ``versions``: what this environment holds."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any, Dict

from .jobs import Progress

_PACKAGES = ("tensorflow", "keras", "tf_keras", "tensorflowjs", "numpy")


def versions(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:  # noqa: ARG001  every job takes both
    """Return the versions of Python and of what decides how a conversion turns out; None where it is missing."""
    return current()


def current() -> Dict[str, Any]:
    """Return the versions as a table; the name ``python`` stands for the interpreter."""
    found: Dict[str, Any] = {"python": platform.python_version()}
    for name in _PACKAGES:
        found[name] = _version(name)
    return found


def has_tensorflows_keras_alone() -> bool:
    """Tell whether this process is there for archives that TensorFlow's own Keras reads and ``tf_keras`` does not."""
    return os.environ.get("TFJS_WORKER_KERAS") == "tensorflow"


def _version(name: str) -> Any:
    others = ("tensorflow-intel", "tensorflow-cpu") if name == "tensorflow" else ()
    for spelling in (name, name.replace("_", "-"), *others):
        try:
            return metadata.version(spelling)
        except metadata.PackageNotFoundError:  # noqa: PERF203  two rounds
            continue
    return None
