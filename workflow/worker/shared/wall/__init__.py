"""The wall around a process that reads a stranger's model: what the system can be told to refuse, it refuses.

Raised by the process itself before it loads anything that a model could use, and never taken down again. Standard
library only, Python 3.8: the host uses it too, for the process that runs libhdf5.
"""

from __future__ import annotations

from typing import Any, Dict, Sequence

from . import audit, landlock, privileges, seatbelt, seccomp, surroundings

Facts = Dict[str, Any]


def stand(*, reads: Sequence[str], writes: Sequence[str]) -> Facts:
    """Wall this process in and return what holds: it reads its Python, the system's libraries and ``reads``.

    It changes files only below ``writes``, starts nothing, connects to nothing. Raises ``OSError`` where the system
    offers a wall and then refuses to raise it: no model is to be read by half a wall.
    """
    privileges.give_up()
    held = surroundings.hold_open()
    found = abilities()
    if found["files"]:
        landlock.restrict(
            reads=[*surroundings.readable(), *reads],
            writes=[*surroundings.writable(), *writes],
            held=held,
        )
    if found["profile"]:
        seatbelt.restrict(reads=[*surroundings.readable(), *reads], writes=writes)
    if found["calls"]:
        seccomp.restrict()
    if not (found["profile"] or (found["files"] and found["calls"])):
        audit.watch(writes=writes)
    return found


def abilities() -> Facts:
    """Return what this machine offers.

    ``files`` is Landlock's version, 0 for none; ``calls`` whether system calls are filtered; ``profile`` whether there
    is macOS's sandbox.
    """
    return {
        "files": landlock.version(),
        "calls": seccomp.is_there(),
        "profile": seatbelt.is_there(),
    }
