"""One child process and its line: JSON messages on its pipes, a folder for what it leaves behind, and its end."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from typing import IO, TYPE_CHECKING, Any

from workflow.base import processes
from workflow.base.plain_names import PlainNames
from workflow.base.scratch import Scratch
from workflow.base.storage import storing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_POLL_SECONDS = 0.5  # also what lets ^C through on Windows, where waiting on a lock cannot be interrupted
_CODE_SECONDS = 2.0
_ROOM_SECONDS = 0.01
_GARBLED_BYTES = 200
_LONGEST_LINE = 64 << 20
_MOST_WAITING = 1000
"""Lines that nobody has asked for yet: what talks on and on waits for its listener."""
_SHORT_LINE = 64 << 10
_MOST_OPENED, _MOST_ITEMS = 1 << 20, 1 << 23
"""How many lists and objects, and how many items, an answer may have: each takes far more memory than its letters."""


class HungUpError(Exception):
    """Nothing sensible will come from the process any more; ``garbled`` is what came instead, if anything did."""

    def __init__(self, garbled: str = "") -> None:
        super().__init__(garbled)
        self.garbled = garbled


class Dialogue:
    """A process that answers questions: one JSON object per line, each answer with the ``id`` of its question."""

    def __init__(self, process: processes.Process, *, scratch: Scratch) -> None:
        self._process = process
        self._scratch = scratch
        self._names = PlainNames(scratch.path)
        self._lines: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._number = 0
        self._is_over = threading.Event()
        threading.Thread(target=_read, args=(process.stdout, self._lines, self._is_over), daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, which nobody may have noticed."""
        return self._process.poll() is not None

    @property
    def temporary(self) -> Path:
        """The folder for its temporary files."""
        return self._scratch.path

    def ask(
        self,
        question: Mapping[str, Any],
        *,
        timeout: float | None,
        on_progress: Callable[[Any], None] | None = None,
        on_wait: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """Send a question and return its answer; what it tells meanwhile as ``progress`` goes to ``on_progress``.

        ``on_wait`` is called now and then while there is no answer. Raises ``TimeoutError`` after so many seconds,
        ``HungUpError``, and what the two raise.
        """
        if self._process.stdin is None:
            raise HungUpError
        self._number += 1
        deadline = None if timeout is None else time.monotonic() + timeout
        asked = self._names.there({**question, "id": self._number})
        try:
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise HungUpError from None
        while True:
            message = _message(self._next(deadline, on_wait))
            if message.get("id") != self._number:
                continue  # what it says of itself when it starts
            if "progress" not in message:
                answer: dict[str, Any] = self._names.back(message)
                return answer
            if on_progress is not None:
                on_progress(message["progress"])

    def greeting(self, *, timeout: float) -> dict[str, Any]:
        """Return the first message, which a process may send unasked; raises as ``ask`` does."""
        return _message(self._next(time.monotonic() + timeout))

    def code(self) -> int | None:
        """Return the exit code of a process that has hung up, or None where it lives on."""
        return self._waited(_CODE_SECONDS)

    def close(self, *, patience: float, grace: float) -> None:
        """Hang up, and end after ``patience`` seconds what still runs of the process' group; ``grace`` as for kill."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()  # hanging up is what tells it to go
        self._is_over.set()
        self._waited(patience)
        processes.kill(self._process, grace=grace)
        self._scratch.close()

    def _next(self, deadline: float | None, on_wait: Callable[[], None] | None = None) -> bytes:
        while True:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError  # also for one that talks without end
            left = _POLL_SECONDS if deadline is None else min(_POLL_SECONDS, deadline - time.monotonic())
            try:
                found = self._lines.get(timeout=max(left, 0.001))
            except queue.Empty:
                if on_wait is not None:
                    on_wait()
                continue
            if found is None:
                raise HungUpError
            return found

    def _waited(self, seconds: float) -> int | None:
        end = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        return self._process.poll()


def begin(argv: Callable[[Path], Sequence[str]], *, environ: Mapping[str, str], log: Path) -> Dialogue:
    """Start the process that ``argv`` names for its temporary folder; what it says beside its answers goes to ``log``.

    It starts in that folder: what lies in the current one is nothing that it may find. Raises ``OSError`` when it
    cannot be started, and ``StorageError`` when log or folder cannot be written.
    """
    with storing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    with storing(None):
        scratch = Scratch("workflow")
    variables = {**environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch.path))}
    try:
        with log.open("ab") as sink:
            process = processes.start(
                argv(scratch.path),
                stdin=processes.PIPE,
                stderr=sink,
                env=variables,
                cwd=scratch.path,
            )
    except OSError:
        scratch.close()
        raise
    return Dialogue(process, scratch=scratch)


def _read(source: IO[bytes], lines: queue.Queue[bytes | None], is_over: threading.Event) -> None:
    with contextlib.suppress(OSError, ValueError), source:
        while line := source.readline(_LONGEST_LINE):
            _put(lines, line, is_over)
    _put(lines, None, is_over)


def _put(lines: queue.Queue[bytes | None], line: bytes | None, is_over: threading.Event) -> None:
    while not is_over.is_set():
        if line is not None and len(line) > _SHORT_LINE and lines.qsize():
            is_over.wait(_ROOM_SECONDS)  # of long ones, none but the one that is read next is kept
            continue
        try:
            lines.put(line, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return


def _message(line: bytes) -> dict[str, Any]:
    is_moderate = line.count(b"[") + line.count(b"{") <= _MOST_OPENED and line.count(b",") <= _MOST_ITEMS
    try:
        message = json.loads(line) if is_moderate else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise HungUpError(line[:_GARBLED_BYTES].decode(errors="replace"))
    return message
