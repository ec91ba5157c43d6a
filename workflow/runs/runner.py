"""Runs a recipe: each task in order, through staging, check and publication, with a record of everything."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow import environment
from workflow.base import digests
from workflow.base.digests import artifact_digests, total_bytes
from workflow.base.errors import (
    InterruptedRunError,
    ModelFileError,
    OutputRefusedError,
    StorageError,
    VerificationError,
    WorkflowError,
)
from workflow.base.records import Record
from workflow.base.storage import storing
from workflow.base.wording import size_text
from workflow.conversion.job import Job
from workflow.models.sniffing import States, input_digests, input_states
from workflow.recipe.recipes import Step
from workflow.runs import planning, publishing
from workflow.runs.checking import check, rejection_hint, say_where_not
from workflow.runs.journal import Journal
from workflow.runs.making import SourceJob, make, needs_environment, provided
from workflow.runs.publishing import hold
from workflow.runs.sidecars import Sidecar, read_sidecar, sidecar_path
from workflow.runs.tasks import Outcome, selected
from workflow.verification.evidence import evidence_of

if TYPE_CHECKING:
    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Selection, Task
    from workflow.runs.watching import Watcher
    from workflow.runs.workers import RunWorkers


class Manner(Record):
    """How to run: go on after a failure, and how long (seconds) a step may take that has no limit of its own."""

    keep_going: bool = False
    timeout: float | None = None


class Runner:
    """One run of one recipe. ``execute`` may be called once."""

    def __init__(self, recipe: Recipe, workers: RunWorkers, watcher: Watcher, *, manner: Manner) -> None:
        self._recipe = recipe
        self._workers = workers
        self._watcher = watcher
        self._manner = manner
        self._lock = environment.lock_digest()
        self._journal = Journal(recipe)
        self._outcomes: list[Outcome] = []
        self._at_work: Task | None = None
        self._interrupted: Task | None = None

    def execute(self, selection: Selection) -> list[Outcome]:
        """Run the selected tasks and return how each ended; a failed task is an outcome, not an exception.

        Raises ``InterruptedRunError`` on ^C, and what keeps a run from starting (``EnvironmentProblem``).
        Finished tasks stay published in every case, and the record of the run is written.
        """
        tasks = selected(self._recipe, selection)
        if self._journal.is_elsewhere:
            where = f"logs and records of this run go to {self._journal.folder}"
            self._watcher.say(f"{self._recipe.base} cannot be written to: {where}")
        try:
            with hold((task.output for task in tasks), self._watcher):
                for task in tasks:
                    publishing.recover(task.output)
                tasks = planning.plan(self._recipe, selection, environment=self._lock)
                self._watcher.planned(tasks)
                self._prepare(tasks)
                for task in tasks:
                    self._carry_out(task, forced=selection.forces(task.name))
        except KeyboardInterrupt:
            self._interrupted = self._at_work
            is_forced = selection.forced or selection.force_all
            again = "run it again without --force" if is_forced else "run the same command again"
            raise InterruptedRunError(
                "interrupted; every finished step is kept", hint=f"{again}: it goes on where it stopped"
            ) from None
        finally:
            self._watcher.stopped()
            self._workers.close()
            record = self._journal.write(self._outcomes, self._workers.facts(), interrupted=self._interrupted)
        self._watcher.finished(self._outcomes, record)
        return self._outcomes

    def _prepare(self, tasks: list[Task]) -> None:
        verification = self._recipe.verification
        if any(task.runs and needs_environment(task, verification) for task in tasks):
            self._workers.prepare()

    def _carry_out(self, task: Task, *, forced: bool) -> None:
        blocker = self._blocker(task)
        if blocker is not None:
            self._end(Outcome(task.replaced(reasons=(blocker,)), "not run"))
            return
        self._at_work = task
        begin, jobs = time.monotonic(), self._workers.usage().jobs
        earlier = len(jobs)
        try:
            outcome = self._outcome(task, forced=forced)
        except WorkflowError as error:
            outcome = self._failed(task, error)
        except Exception as error:  # noqa: BLE001  a bug of ours ends its step alone: others have nothing to do with it
            from workflow.base import bugs  # noqa: PLC0415  for this alone

            outcome = self._failed(task, bugs.as_error(error))
        except BaseException:
            publishing.recover(task.output)
            raise
        if outcome.status != "up to date":
            outcome = outcome.replaced(seconds=time.monotonic() - begin, jobs=tuple(jobs[earlier:]))
        self._end(outcome)

    def _outcome(self, planned: Task, *, forced: bool) -> Outcome:
        """Run a task, unless it is up to date after all."""
        task = self._decide_again(planned, forced=forced)
        if task.runs:
            self._watcher.began(task)
            return self._run(task, forced=forced)
        skipped = self._skipped(task)
        say_where_not(evidence_of(skipped.facts).runs, self._workers, listener=self._watcher)
        return skipped

    def _failed(self, task: Task, error: WorkflowError) -> Outcome:
        publishing.abandon(task.output)
        _say_what_it_takes(error, task)
        facts = dict(error.facts) if isinstance(error, VerificationError) else {}
        return Outcome(task, "failed", error=error, facts=facts)

    def _blocker(self, task: Task) -> str | None:
        bad = [outcome.task.name for outcome in self._outcomes if outcome.status in ("failed", "not run")]
        lost = [name for name in task.after if name in bad]
        if lost:
            failed = any(each.status == "failed" and each.task.name == lost[0] for each in self._outcomes)
            return f"its input comes from step {lost[0]}, which {'failed' if failed else 'was not run'}"
        return "an earlier step failed" if bad and not self._manner.keep_going else None

    def _decide_again(self, planned: Task, *, forced: bool) -> Task:
        """Decide with the inputs as they are now: a step upstream may have produced the same bytes as last time."""
        if not planned.runs or forced:
            return planned
        now = planning.decide(planned, self._recipe, environment=self._lock, pending=(), forced=False)
        return now if not now.runs or not planned.after else planned.replaced(reasons=now.reasons)

    def _run(self, task: Task, *, forced: bool) -> Outcome:
        _refuse_overlap(task)
        _refuse_missing(task)
        publishing.refuse_foreign(task.output, force=forced)
        staged = publishing.begin(task.output)
        job = self._job(task, staged)
        begin, read = time.monotonic(), _read_now(task)
        with digests.ahead(partial(_bytes_before, task), partial(publishing.standing, task.output)):
            facts = make(job, task)
            facts["check"] = self._checked(job, facts) if isinstance(job, Job) else {}
        if "seconds" in facts:
            facts["job_seconds"] = facts.pop("seconds")
        _refuse_changed(task, read)
        sidecar = self._sidecar(task, staged, facts | {"seconds": round(time.monotonic() - begin, 3)})
        kept = publishing.publish(task.output, sidecar)
        if kept is not None:
            self._watcher.warn(f"what stood at {task.output} was not as we wrote it: kept as {kept.name}")
        sizes = _bytes_before(task), total_bytes(sidecar.files)
        return Outcome(task, "done", bytes_before=sizes[0], bytes_after=sizes[1], facts=sidecar.facts)

    def _job(self, task: Task, staged: Path) -> Job | SourceJob:
        """Return what is to be done for a task now, with what its input is on disk."""
        log, limit, listener = self._journal.log(task), self._manner.timeout, self._watcher
        if not isinstance(task.declared, Step):
            return SourceJob(task.declared, staged, log, limit, self._workers, listener)
        step = provided(task.declared, listener)
        formats = step.from_format, step.to_format
        job = Job(Path(step.input), formats[0], staged, formats[1], step.options, listener, step)
        return job.replaced(log=log, timeout=step.timeout or limit, workers=self._workers)

    def _checked(self, job: Job, facts: dict[str, Any]) -> dict[str, Any]:
        settings = planning.verification_of(job.step, self._recipe)
        try:
            with digests.ahead(partial(artifact_digests, job.target)):
                return check(job, settings, workers=self._workers)
        except VerificationError as error:
            place = publishing.reject(job.step.output)
            error.hint = rejection_hint(error, job, settings=settings, place=place)
            error.facts = facts | {"check": dict(error.facts), "rejected": str(place)}
            raise

    def _sidecar(self, task: Task, staged: Path, facts: dict[str, Any]) -> Sidecar:
        now = planning.ingredients(task, self._recipe, environment=self._lock)
        facts = facts | {"recipe": self._recipe.path.name, "environment": self._workers.facts()}
        return Sidecar(task.name, now, artifact_digests(staged), facts)

    def _skipped(self, task: Task) -> Outcome:
        sidecar = read_sidecar(sidecar_path(task.output))
        if sidecar is None:
            return Outcome(task, "up to date")
        return Outcome(task, "up to date", bytes_after=total_bytes(sidecar.files), facts=sidecar.facts)

    def _end(self, outcome: Outcome) -> None:
        self._at_work = None
        self._outcomes.append(outcome)
        self._watcher.ended(outcome)


def _bytes_before(task: Task) -> int:
    if not isinstance(task.declared, Step) or task.declared.input_is_handle:
        return 0
    return total_bytes(input_digests(Path(task.declared.input), task.declared.from_format))


def _say_what_it_takes(error: WorkflowError, task: Task) -> None:
    """Add to the hint of a full disk how much room the task takes, which its input tells nearly enough."""
    size = _bytes_before(task) if isinstance(error, StorageError) and error.full else 0
    if size:
        error.hint += f"; the input has {size_text(size)}, and the result takes about as much beside the one before"


def _read_now(task: Task) -> States:
    """Return the state of the files that the task reads."""
    if not isinstance(task.declared, Step) or task.declared.input_is_handle:
        return {}
    return input_states(Path(task.declared.input), task.declared.from_format)


def _refuse_changed(task: Task, read: States) -> None:
    """Refuse a result whose input was replaced while it was made: nobody knows which of the two it was made of."""
    now = _read_now(task)
    changed = [path for path in {**read, **now} if read.get(path) != now.get(path)]
    if changed:
        raise ModelFileError(
            f"step {task.name}: its input {changed[0]} changed while it was being read",
            hint="run the same command again when the file is complete",
        )


def _refuse_missing(task: Task) -> None:
    """Refuse a step whose input another step makes, when that step was left out and its output is not there."""
    step = task.declared
    if isinstance(step, Step) and step.after and not step.input_is_handle and not Path(step.input).exists():
        raise ModelFileError(
            f"step {task.name}: its input {step.input} is not there; step {step.after[0]} makes it",
            hint=f"run that step too, for example with --until {task.name}",
        )


def _refuse_overlap(task: Task) -> None:
    """Refuse, on what the disk says now (links resolved), an output inside its input or around it."""
    if not isinstance(task.declared, Step) or task.declared.input_is_handle:
        return
    with storing(task.output):
        source = Path(task.declared.input).resolve()
        target = task.output.resolve()
    folder = source if source.is_dir() else source.parent
    inside = target.is_relative_to(source) or (source.name == "model.json" and target == folder)
    if inside or source.is_relative_to(target):
        raise OutputRefusedError(
            f"step {task.name}: the output {target} and the input {source} lie inside each other",
            hint="choose an output beside the input",
        )
