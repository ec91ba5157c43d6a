"""The private line to the host: JSON messages, one per line, and a watcher that notices when the host is gone."""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import signal
import sys
import threading
from typing import Any, Dict, Iterator

from .shared import janitor


class Channel:
    """Messages to and from the host. When the host hangs up, even in mid-job, the process ends with its children."""

    def __init__(self, reading: int, writing: int, *, scratch: str = "") -> None:
        self._reading = os.fdopen(reading, "rb")
        self._writing = os.fdopen(writing, "wb")
        self._scratch = scratch
        self._lock = threading.Lock()
        self._queue: "queue.Queue[Dict[str, Any]]" = queue.Queue()
        self._busy = False
        threading.Thread(target=self._watch, name="host-watcher", daemon=True).start()

    def send(self, message: Dict[str, Any]) -> None:
        """Send one message; safe from any thread."""
        line = json.dumps(_plain(message), allow_nan=False).encode("ascii") + b"\n"
        with self._lock, contextlib.suppress(BrokenPipeError):  # the watcher ends the process in that case
            self._writing.write(line)
            self._writing.flush()

    def requests(self) -> Iterator[Dict[str, Any]]:
        """Yield the host's requests for ever."""
        while True:
            request = self._queue.get()
            self._busy = True
            yield request
            self._busy = False

    def _watch(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self._reading:
                self._queue.put(json.loads(line.decode("utf-8")))
        self._end()

    def _end(self) -> None:
        if self._scratch:
            janitor.remove(self._scratch)
        if self._busy and os.name == "posix" and os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGKILL)  # what a script has started must not outlive us either
        os._exit(0)


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: numpy scalars as Python's, and None for what is no finite number."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tidy_streams() -> None:
    """Make Python's own streams follow descriptors 1 and 2 line by line, whatever is printed."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]


@contextlib.contextmanager
def output_to(log: str) -> Iterator[None]:
    """Point descriptors 1 and 2, which C code writes to as well, at the end of the file ``log`` for a while."""
    kept = [(number, os.dup(number)) for number in (1, 2)]
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        _flush()
        for number, _ in kept:
            os.dup2(target, number)
        os.close(target)
        yield
    finally:
        _flush()
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
