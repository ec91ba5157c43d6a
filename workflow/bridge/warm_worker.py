"""The host's side of the worker: one warm process in the converter environment, JSON lines over pipes of its own.

The process stands behind a wall (``worker.shared.wall``); what a job reads and writes passes through an ``Airlock``.
What comes back has been within reach of whatever the model did, and is taken for no more than it is.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workflow.base import dialogue
from workflow.base.errors import StepTimeoutError, UnhealthyError
from workflow.base.records import Record
from workflow.bridge import allowances, enclosure, failures, job_answers, passages
from workflow.bridge.airlock import Airlock
from workflow.bridge.usage import JobUsage, Limits, Usage

if TYPE_CHECKING:
    from types import TracebackType

    from workflow.base.dialogue import Dialogue
    from workflow.bridge.airlock import Passage

_BOOTSTRAP = Path(__file__).resolve().parent.parent / "worker" / "__main__.py"
_EXIT_SECONDS = 2.0
_KILL_GRACE_SECONDS = 0.1

OnProgress = Callable[[str], None]


class Question(Record):
    """One job to ask a process for. ``passage`` is the way of its files, None for a process without a wall."""

    job: str
    args: Mapping[str, Any]
    log: Path
    timeout: float | None
    on_progress: OnProgress | None
    passage: Passage | None = None
    limits: Mapping[str, int] = {}
    on_wait: Callable[[], None] | None = None
    memory: int = 0

    def progress(self, told: Any) -> None:
        """Hand on what a job tells meanwhile."""
        if self.on_progress is not None:
            text = str(told)
            self.on_progress(text if self.passage is None else str(self.passage.translated(text)))


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
    A user's own script, and what fetches published weights, run in a process without a wall that does nothing else.
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
        self._airlock: Airlock | None = None
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
        if self._line is None or self._line.has_ended:
            self._started(walled=True)

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
            begin, since = failures.log_size(log), time.monotonic()
            outside = passages.runs_outside(job, args)
            line = self._started(walled=not outside)
            question = Question(job, args, log, timeout, on_progress)
            if self._airlock is None:
                answer = self._asked(line, question, begin)
            else:
                answer = self._asked_through(self._airlock, line, question)
            self._jobs += 1
            self._clear_up(JobUsage(job, time.monotonic() - since, answer.memory), args, outside=outside)
        if answer.failure is not None:
            raise failures.translate(answer.failure, log=log, job=job)
        return answer.result

    def close(self, *, grace: float = _EXIT_SECONDS) -> None:
        """End the process and everything that it started; safe to repeat."""
        line, self._line = self._line, None
        if line is not None:
            line.close(patience=grace, grace=_KILL_GRACE_SECONDS)
        airlock, self._airlock = self._airlock, None
        if airlock is not None:
            airlock.close()

    def _asked_through(self, airlock: Airlock, line: Dialogue, question: Question) -> job_answers.JobAnswer:
        """Ask with all files of the question brought in, and take out what the job has made of them."""
        passage = airlock.passage()
        begin = failures.log_size(question.log)
        try:
            inner = question.replaced(args=passages.carried(question.job, question.args, by=passage))
            passage.hand_over()
            granted = allowances.allowance(passage.bytes, airlock.path)
            is_limited = allowances.impose(line.pid, granted)
            folders = (airlock.writes, line.temporary)
            inner = inner.replaced(
                passage=passage,
                limits={} if is_limited else granted.as_dict(),
                on_wait=lambda: granted.require_kept(folders, line.pid),
                memory=granted.memory,
            )
            answer = self._asked(line, inner, begin)
            passage.take_log(question.log)
            if answer.failure is None:
                passage.take_results()
            else:
                answer = answer.replaced(failure=failures.with_memory_told(answer.failure, granted.memory))
            return job_answers.JobAnswer(*(passage.translated(part) for part in answer.parts))
        finally:
            passage.close()

    def _asked(self, line: Dialogue, question: Question, begin: int) -> job_answers.JobAnswer:
        """Ask a question and return its answer; a process that gives none is ended."""
        job, passage, log = question.job, question.passage, question.log
        told = {"job": job, "args": dict(question.args), "log": str(passage.log if passage else log)}
        try:
            message = line.ask(
                told | {"limits": question.limits},
                timeout=question.timeout,
                on_progress=question.progress,
                on_wait=question.on_wait,
            )
            return job_answers.read(message)
        except dialogue.HungUpError as problem:
            code = line.code()
            self._end(line, passage, log)
            details = failures.log_tail(log, begin) or failures.log_tail(self._log)
            death = failures.Death(job, code, problem.garbled, memory=question.memory)
            raise failures.explain(death, details=details, log=log) from None
        except TimeoutError:
            self._end(line, passage, log)
            raise StepTimeoutError(
                f"the worker's job `{job}` took longer than its limit of {question.timeout:g} s and was stopped",
                hint="give it a larger `timeout:` (or --timeout), or look into the log for where it stands still",
                details=failures.log_tail(log, begin),
                log=str(log),
            ) from None
        except BaseException:  # ^C above all
            self._end(line, passage, log)
            raise

    def _end(self, line: Dialogue, passage: Passage | None, log: Path) -> None:
        """End a process in mid-job, when nobody waits for it any more, and keep what its job has logged."""
        line.close(patience=0, grace=_KILL_GRACE_SECONDS)
        if passage is not None:
            passage.take_log(log)
        self.close(grace=0)

    def _started(self, *, walled: bool) -> Dialogue:
        if self._line is not None and (self._line.has_ended or walled != (self._airlock is not None)):
            self.close()  # it ended while nobody was asking, or is not of the kind that is asked for
        if self._line is None:
            self._line = self._open_walled() if walled else self._open(self._environ)
        return self._line

    def _clear_up(self, done: JobUsage, args: Mapping[str, Any], *, outside: bool) -> None:
        """Note what a job took, and end the process when it should not do another one.

        A new one is started at once, so that it warms up while the host goes on; after a job without a wall nothing
        follows.
        """
        self.usage.jobs.append(done)
        if outside:
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

    def _open_walled(self) -> Dialogue:
        self._airlock = airlock = Airlock(self._log.parent)
        variables = enclosure.variables(self._environ, airlock.writes)
        return self._open(variables, enclosure.spoken(airlock))

    def _open(self, variables: Mapping[str, str], *wall: str) -> Dialogue:
        self._jobs = 0
        argv = [str(self._python.absolute()), "-I", "-X", "utf8", str(_BOOTSTRAP)]
        try:
            return dialogue.begin(lambda scratch: [*argv, str(scratch), *wall], environ=variables, log=self._log)
        except OSError as problem:
            self.close()
            raise UnhealthyError(
                f"the converter environment's Python does not start: {self._python}: {problem.strerror}",
                hint="`tfjs-workflow env verify` shows what is wrong with it; `env remove` and `env create` remake it",
            ) from problem
