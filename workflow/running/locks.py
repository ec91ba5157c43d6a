"""Locks on outputs: of two runs that write the same artifact, the second waits and says so."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from workflow import locations
from workflow.running.storage import storing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from workflow.events import Listener

_POLL_SECONDS = 0.05


@contextlib.contextmanager
def hold(outputs: Iterable[Path], listener: Listener) -> Iterator[None]:
    """Hold the lock of every output; waits for another run that holds one of them, and tells the listener.

    Locks are taken in one fixed order, so that two runs never wait for each other.
    """
    with contextlib.ExitStack() as stack:
        for output in sorted({output.resolve() for output in outputs}):
            stack.enter_context(_held(output, listener))
        yield


@contextlib.contextmanager
def _held(output: Path, listener: Listener) -> Iterator[None]:
    path = _lock_path(output)
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, poll_interval=_POLL_SECONDS)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            listener.say(f"waiting for another run{_holder(path)} that writes {output}")
            lock.acquire()
            listener.say(f"the other run has finished with {output.name}")
    try:
        path.with_suffix(".pid").write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        lock.release()


def _lock_path(output: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.normcase(output))).hexdigest()[:32]
    return locations.home() / "locks" / "outputs" / f"{name}.lock"


def _holder(path: Path) -> str:
    try:
        return f" (process {path.with_suffix('.pid').read_text(encoding='ascii')})"
    except (OSError, ValueError):
        return ""
