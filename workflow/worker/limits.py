"""The limits of a job where only the process itself can set them; on Linux the host does, and nothing here can."""

from __future__ import annotations

import contextlib
from typing import Any, Dict

_KINDS = {"memory": ("RLIMIT_DATA", "RLIMIT_AS"), "file": ("RLIMIT_FSIZE",)}


def impose(granted: Dict[str, Any]) -> None:
    """Set the limits by name, in bytes, as far as the system has them; a limit that is lower already stays."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, kinds in _KINDS.items():
        for kind in kinds if name in granted else ():
            with contextlib.suppress(AttributeError, ValueError, OSError):
                which = getattr(resource, kind)
                _, hard = resource.getrlimit(which)
                most = int(granted[name])
                resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
