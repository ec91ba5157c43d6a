"""The host's side of a warm JavaScript process: JSON lines on its pipes, and nothing of it is left behind."""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from workflow import processes
from workflow.verification.model import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_POLL_SECONDS = 0.5  # also what lets ^C through on Windows
_EXIT_SECONDS = 5.0
_KILL_GRACE_SECONDS = 1.0
_START_SECONDS = 90.0


@dataclass(frozen=True)
class Program:
    """A process to talk to: its arguments, made for a scratch folder of its own, and where its noise goes."""

    argv: Callable[[Path], Sequence[str]]
    environ: Mapping[str, str]
    log: Path


@dataclass(frozen=True)
class _Line:
    process: processes.Process
    lines: queue.Queue[bytes | None]
    scratch: Path
    ready: Mapping[str, Any]


class Conversation:
    """One process, started when it is first needed and again after a crash or timeout; one question at a time."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._line: _Line | None = None
        self._number = 0
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that is running now, if any."""
        return None if self._line is None else self._line.process.pid

    def ready(self, *, timeout: float = _START_SECONDS) -> Mapping[str, Any]:
        """Start the process if it is not running and return what it said of itself; raises ``RuntimeFailure``."""
        if self._line is not None and self._line.process.poll() is not None:
            self.close(grace=0)
        if self._line is None:
            self._open(timeout)
        return {} if self._line is None else self._line.ready

    def ask(self, request: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        """Send a request and return the answer; raises ``RuntimeFailure`` for a timeout, a crash, or a named failure.

        Starting does not count against ``timeout``.
        """
        with self._turn:
            self.ready()
            self._number += 1
            try:
                answer = self._answer({**request, "id": self._number}, timeout)
            except TimeoutError:
                self.close(grace=0)
                raise RuntimeFailure("timeout", f"it took longer than {timeout:g} s and was stopped") from None
            except _HungUpError:
                raise RuntimeFailure("crash", self._last_words("its process ended in the middle")) from None
            except BaseException:  # ^C above all
                self.close(grace=0)
                raise
        failure = answer.get("failure")
        if answer.get("spent"):
            self.close()
        if failure is not None:
            raise RuntimeFailure(str(failure["kind"]), str(failure["message"]))
        return answer

    def close(self, *, grace: float = _EXIT_SECONDS) -> None:
        """End the process and everything that it started; safe to repeat."""
        line, self._line = self._line, None
        if line is None:
            return
        with contextlib.suppress(OSError):
            if line.process.stdin is not None:
                line.process.stdin.close()  # hanging up is what tells it to go
        _wait(line.process, grace)
        processes.kill(line.process, grace=_KILL_GRACE_SECONDS)
        shutil.rmtree(line.scratch, ignore_errors=True)

    def _open(self, timeout: float) -> None:
        scratch = Path(tempfile.mkdtemp(prefix="tfjs-workflow-"))
        program = self._program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        environ = {**program.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}
        argv = list(program.argv(scratch))
        try:
            with program.log.open("ab") as sink:
                sink.write(f"+ {processes.quoted(argv)}\n".encode())
                sink.flush()
                process = processes.start(argv, stdin=processes.PIPE, stdout=processes.PIPE, stderr=sink, env=environ)
        except OSError as problem:
            shutil.rmtree(scratch, ignore_errors=True)
            raise RuntimeFailure("start", f"{argv[0]} does not start: {problem.strerror}") from problem
        lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        self._line = _Line(process, lines, scratch, {})
        self._greet(self._line, timeout)

    def _greet(self, line: _Line, timeout: float) -> None:
        try:
            greeting = _message(_next(line, time.monotonic() + timeout))
        except TimeoutError:
            self.close(grace=0)
            raise RuntimeFailure("start", f"it did not start within {timeout:g} s") from None
        except _HungUpError:
            raise RuntimeFailure("start", self._last_words("it ended while starting")) from None
        except BaseException:
            self.close(grace=0)
            raise
        if greeting.get("event") != "ready":
            self.close()
            raise RuntimeFailure("start", f"it does not start: {greeting.get('message', greeting)}")
        self._line = _Line(line.process, line.lines, line.scratch, greeting)

    def _answer(self, request: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        line = self._line
        if line is None or line.process.stdin is None:
            raise _HungUpError
        deadline = time.monotonic() + timeout
        try:
            line.process.stdin.write(json.dumps(request).encode() + b"\n")
            line.process.stdin.flush()
        except OSError:
            raise _HungUpError from None
        while True:
            message = _message(_next(line, deadline))
            if message.get("id") == request["id"]:
                return message

    def _last_words(self, what: str) -> str:
        code = None if self._line is None else _wait(self._line.process, 1.0)
        self.close(grace=0)
        return f"{what}{'' if code is None else f' (code {code})'}; its log is {self._program.log}"


class _HungUpError(Exception):
    """Nothing sensible will come any more."""


def _read(source: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    with contextlib.suppress(OSError, ValueError), source:
        for line in source:
            lines.put(line)
    lines.put(None)


def _next(line: _Line, deadline: float) -> bytes:
    while True:
        left = deadline - time.monotonic()
        try:
            found = line.lines.get(timeout=max(min(_POLL_SECONDS, left), 0.001))
        except queue.Empty:
            if left <= 0:
                raise TimeoutError from None
            continue
        if found is None:
            raise _HungUpError
        return found


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        raise _HungUpError from None
    if not isinstance(message, dict):
        raise _HungUpError
    return message


def _wait(process: processes.Process, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    return process.poll()
