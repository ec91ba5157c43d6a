"""The host's side of the worker: one warm process in the converter environment, JSON lines over pipes of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workflow import dialogue
from workflow.converters import deaths, failures, noise
from workflow.converters.usage import JobUsage, Limits, Usage
from workflow.errors import StepTimeoutError, UnhealthyError

if TYPE_CHECKING:
    from types import TracebackType

    from workflow.dialogue import Dialogue

_BOOTSTRAP = Path(__file__).resolve().parent.parent / "worker" / "__main__.py"
_EXIT_SECONDS = 2.0
_KILL_GRACE_SECONDS = 0.1
_DISCARDING = frozenset({"script"})
"""Jobs that run foreign code, after which nothing is known about the state of the process."""

OnProgress = Callable[[str], None]


class WorkerLike(Protocol):
    """Whatever can run jobs in the converter environment: the real worker, or a fake."""

    def start(self) -> None:
        """Get ready in the background; returns at once."""

    def run(
        self,
        job: str,
        args: Mapping[str, Any],
        *,
        log: Path,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> dict[str, Any]:
        """Run one job to its end and return its result; raises a ``WorkflowError`` when it fails."""

    def close(self) -> None:
        """End whatever is running; a later ``run`` starts afresh."""


def _lets_foreign_code_run(args: Mapping[str, Any]) -> bool:
    """Tell whether a model of the arguments may bring code of its own."""
    models = [args, *(args.get(name) for name in ("source", "model"))]
    return any(isinstance(model, dict) and (model.get("custom_objects") or model.get("unsafe")) for model in models)


class Worker:
    """The warm worker process. Started when it is first needed, and again after a crash, a timeout or a script.

    Paths in the arguments of jobs must be absolute. One job runs at a time; a second thread waits its turn. What
    jobs take is noted in ``usage``; the process gives way to a new one between jobs when it reaches one of ``limits``.
    """

    def __init__(
        self,
        python: Path,
        *,
        environ: Mapping[str, str],
        log: Path,
        usage: Usage | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._python = python
        self._environ = dict(environ)
        self._log = log
        self.usage = usage or Usage()
        self._limits = limits or Limits()
        self._jobs = 0
        self._line: Dialogue | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Worker:  # noqa: PYI034  Self is not in Python 3.10
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the worker that is running now, if any."""
        return None if self._line is None else self._line.pid

    def start(self) -> None:
        """Start the process, which begins to import TensorFlow; returns at once."""
        self._started()

    def run(
        self,
        job: str,
        args: Mapping[str, Any],
        *,
        log: Path,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> dict[str, Any]:
        """Run one job, its output appended to ``log``; the time limit includes what is left of the worker's start.

        Raises ``WorkerDiedError``, ``StepTimeoutError``, or what the failure is translated to (see ``failures``).
        """
        with self._turn:
            log.parent.mkdir(parents=True, exist_ok=True)
            begin, since = noise.size_of(log), time.monotonic()
            line = self._started()
            try:
                question = {"job": job, "args": dict(args), "log": str(log)}
                answer = line.ask(question, timeout=timeout, on_progress=on_progress)
            except dialogue.HungUpError as problem:
                details = noise.tail(log, begin) or noise.tail(self._log)
                death = deaths.Death(job, line.code(), problem.garbled)
                self.close(grace=0)
                raise deaths.explain(death, details=details, log=log) from None
            except TimeoutError:
                self.close(grace=0)
                raise StepTimeoutError(
                    f"the worker's job `{job}` took longer than its limit of {timeout:g} s and was stopped",
                    hint="give it a larger `timeout:` (or --timeout), or look into the log for where it stands still",
                    details=noise.tail(log, begin),
                    log=str(log),
                ) from None
            except BaseException:  # ^C above all
                self.close(grace=0)
                raise
            self._jobs += 1
            self._clear_up(JobUsage(job, time.monotonic() - since, answer.get("memory") or {}), args)
        if not answer["ok"]:
            raise failures.translate(answer["failure"], log=log)
        result: dict[str, Any] = answer["result"]
        return result

    def close(self, *, grace: float = _EXIT_SECONDS) -> None:
        """End the process and everything that it started; safe to repeat."""
        line, self._line = self._line, None
        if line is not None:
            line.close(patience=grace, grace=_KILL_GRACE_SECONDS)

    def _started(self) -> Dialogue:
        if self._line is not None and self._line.has_ended:
            self.close()  # it ended while nobody was asking
        if self._line is None:
            self._line = self._open()
        return self._line

    def _clear_up(self, done: JobUsage, args: Mapping[str, Any]) -> None:
        """Note what a job took, and end the process when it should not do another one.

        A new one is started at once, so that it warms up while the host goes on; after a script nothing follows.
        """
        self.usage.jobs.append(done)
        if done.job in _DISCARDING:
            self.close()
            return
        foreign = "it has run code that came with a model" if _lets_foreign_code_run(args) else ""
        reason = foreign or self._limits.exceeded(self._jobs, done.memory.get("now", 0))
        if reason:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"the worker gives way to a new one: {reason}\n")
            self.close()
            with contextlib.suppress(UnhealthyError):  # the next job meets it, and says so
                self.start()

    def _open(self) -> Dialogue:
        self._jobs = 0
        argv = [str(self._python), "-I", "-X", "utf8", str(_BOOTSTRAP)]
        try:
            return dialogue.begin(lambda scratch: [*argv, str(scratch)], environ=self._environ, log=self._log)
        except OSError as problem:
            raise UnhealthyError(
                f"the converter environment's Python does not start: {self._python}: {problem.strerror}",
                hint="`tfjs-workflow env verify` shows what is wrong with it; `env remove` and `env create` remake it",
            ) from problem
