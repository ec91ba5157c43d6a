"""The host's side of a warm JavaScript process: JSON lines on its pipes, and nothing of it is left behind."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.base import dialogue, processes
from workflow.verification.requests import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from workflow.base.dialogue import Dialogue

_EXIT_SECONDS = 5.0
_KILL_GRACE_SECONDS = 1.0
_START_SECONDS = 90.0


@dataclass(frozen=True)
class Program:
    """A process to talk to: its arguments, made for a scratch folder of its own, and where its noise goes."""

    argv: Callable[[Path], Sequence[str]]
    environ: Mapping[str, str]
    log: Path


class Conversation:
    """One process, started when it is first needed and again after a crash or timeout; one question at a time."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._line: Dialogue | None = None
        self._greeting: Mapping[str, Any] = {}
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that is running now, if any."""
        return None if self._line is None else self._line.pid

    def ready(self, *, timeout: float = _START_SECONDS) -> Mapping[str, Any]:
        """Start the process if it is not running and return what it said of itself; raises ``RuntimeFailure``."""
        self._started(timeout)
        return self._greeting

    def ask(self, request: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        """Send a request and return the answer; raises ``RuntimeFailure`` for a timeout, a crash, or a named failure.

        Starting does not count against ``timeout``.
        """
        with self._turn:
            line = self._started(_START_SECONDS)
            try:
                answer = line.ask(request, timeout=timeout)
            except TimeoutError:
                self.close(grace=0)
                raise RuntimeFailure("timeout", f"it took longer than {timeout:g} s and was stopped") from None
            except dialogue.HungUpError:
                raise RuntimeFailure("crash", self._last_words(line, "its process ended in the middle")) from None
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
        if line is not None:
            line.close(patience=grace, grace=_KILL_GRACE_SECONDS)

    def _started(self, timeout: float) -> Dialogue:
        if self._line is not None and self._line.has_ended:
            self.close(grace=0)
        if self._line is None:
            self._line = self._open()
            self._greeting = self._greeted(self._line, timeout)
        return self._line

    def _open(self) -> Dialogue:
        program = self._program
        try:
            return dialogue.begin(self._announced, environ=program.environ, log=program.log)
        except OSError as problem:
            raise RuntimeFailure("start", f"{problem.filename} does not start: {problem.strerror}") from problem

    def _announced(self, scratch: Path) -> Sequence[str]:
        """Return the arguments, after they have been written into the log."""
        argv = list(self._program.argv(scratch))
        with self._program.log.open("a", encoding="utf-8") as log:
            log.write(f"+ {processes.quoted(argv)}\n")
        return argv

    def _greeted(self, line: Dialogue, timeout: float) -> Mapping[str, Any]:
        try:
            greeting = line.greeting(timeout=timeout)
        except TimeoutError:
            self.close(grace=0)
            raise RuntimeFailure("start", f"it did not start within {timeout:g} s") from None
        except dialogue.HungUpError:
            raise RuntimeFailure("start", self._last_words(line, "it ended while starting")) from None
        except BaseException:
            self.close(grace=0)
            raise
        if greeting.get("event") != "ready":
            self.close()
            raise RuntimeFailure("start", f"it does not start: {greeting.get('message', greeting)}")
        return greeting

    def _last_words(self, line: Dialogue, what: str) -> str:
        code = line.code()
        self.close(grace=0)
        return f"{what}{'' if code is None else f' (code {code})'}; its log is {self._program.log}"
