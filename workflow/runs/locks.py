"""Locks on outputs: of two runs that write the same artifact, the second waits and says so."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import IO, TYPE_CHECKING

from workflow.base import locations, locks
from workflow.base.storage import storing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from workflow.base.events import Listener


@contextlib.contextmanager
def hold(outputs: Iterable[Path], listener: Listener) -> Iterator[None]:
    """Hold the lock of every output; waits for another run that holds one of them, and tells the listener.

    Locks are taken in one fixed order, so that two runs never wait for each other.
    """
    with contextlib.ExitStack() as stack:
        for output in sorted({output.resolve() for output in outputs}):
            stack.enter_context(_held(output, listener))
        yield


def _held(output: Path, listener: Listener) -> IO[bytes]:
    path = _lock_path(output)
    with storing(path):
        return locks.held(
            path,
            listener,
            waiting=lambda holder: f"waiting for another run{holder} that writes {output}",
            over=f"the other run has finished with {output.name}",
            noted=True,
        )


def _lock_path(output: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.normcase(output))).hexdigest()[:32]
    return locations.home() / "locks" / "outputs" / f"{name}.lock"
