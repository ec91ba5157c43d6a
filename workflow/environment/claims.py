"""One process at a time works on an environment: a lock file per name, and a note of who holds it."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from workflow import locations
from workflow.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.events import Listener


@contextlib.contextmanager
def held(name: str, listener: Listener, *, patient: bool = True) -> Iterator[None]:
    """Hold the environment's lock for the time of the block.

    While another process holds it: wait, saying so, or, when not ``patient``, raise EnvironmentProblem. The
    lock of a process that died is free.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415  costs 50 ms that a ready environment does not have

    folder = locations.home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(folder / f"{name}.lock"), folder / f"{name}.holder"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = _read(holder)
        if not patient:
            raise EnvironmentProblem(
                f"environment {name!r} is in use by {who}, which is making or removing it",
                hint="try again when that is done",
            ) from None
        listener.say(f"environment {name!r}: waiting for {who}, which is working on it")
        lock.acquire()
    try:
        holder.write_text(f"process {os.getpid()} (since {time.strftime('%H:%M:%S')})", encoding="ascii")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="ascii") or "another process"
    except OSError:
        return "another process"
