"""The sandbox of macOS: a profile that the process puts on itself, as ``sandbox-exec`` would."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Sequence

_LIBRARY = "/usr/lib/libsandbox.1.dylib"
_PERSONAL = ("/Users", "/Volumes", "/home", "/private/tmp", "/private/var/folders", "/private/var/root")
"""Where people keep things; the system's own places stay readable."""


def is_there() -> bool:
    """Tell whether this system has it."""
    return sys.platform == "darwin" and os.path.exists(_LIBRARY)


def restrict(*, reads: Sequence[str], writes: Sequence[str]) -> None:
    """Put the profile on this process; raises ``OSError``."""
    library = ctypes.CDLL(_LIBRARY)
    problem = ctypes.c_char_p()
    if library.sandbox_init(profile(reads=reads, writes=writes).encode(), ctypes.c_uint64(0), ctypes.byref(problem)):
        raise OSError(f"sandbox_init: {(problem.value or b'').decode('utf-8', 'replace')}")


def profile(*, reads: Sequence[str], writes: Sequence[str]) -> str:
    """Return the profile's text; of two rules that fit, the later one holds."""
    lines = [
        "(version 1)",
        "(allow default)",
        "(deny process-exec*)",
        "(deny process-fork)",
        "(deny network*)",
        "(deny signal (target others))",
        "(deny mach-register)",
        "(deny file-write*)",
        f"(deny file-read-data {_places(_PERSONAL)})",
        f"(allow file-read-data {_places([*reads, *writes])})",
        f"(allow file-write* {_places(writes)} (literal {_quoted(os.devnull)}))",
        "(deny file-write-setugid)",
    ]
    return "\n".join(lines) + "\n"


def _places(paths: Sequence[str]) -> str:
    """Return paths as the profile names them: as they really are, for links are followed before rules are looked at."""
    return " ".join("(subpath {})".format(_quoted(os.path.realpath(path))) for path in dict.fromkeys(paths))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
