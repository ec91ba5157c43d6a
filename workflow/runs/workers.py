"""Where jobs run: the converter environment and its worker, made ready when the first job needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from workflow.base import scratch
from workflow.bridge.usage import Usage
from workflow.environment.entries import NO_CONDA

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.bridge.warm_worker import Worker, WorkerLike
    from workflow.environment import Environment, Wishes
    from workflow.environment.claims import Claim
    from workflow.verification.warm_places import Runtimes


class Workshop(Protocol):
    """Gives the runner a warm worker, and fresh ones for code that is not ours."""

    def prepare(self, listener: Listener) -> None:
        """Make the environment ready and start the worker; returns while the worker is still warming up."""

    def worker(self) -> WorkerLike:
        """Return the warm worker; ``prepare`` has been called."""

    def fresh_worker(self) -> WorkerLike:
        """Return a worker of its own for a user's script; the caller closes it."""

    def keras3_worker(self, listener: Listener) -> WorkerLike:
        """Return a worker in the environment for files of Keras 3, made when it is not there; it stays warm."""

    def runtimes(self) -> Runtimes:
        """Return the JavaScript runtimes that results are verified in; they stay warm from step to step."""

    def usage(self) -> Usage:
        """Return what jobs took in all workers so far; it goes on growing."""

    def facts(self) -> dict[str, Any]:
        """Return what a record should hold about the environment."""

    def close(self) -> None:
        """End every worker; safe to repeat."""


class EnvironmentWorkshop:
    """The real workshop: an environment by name, created when it is not there.

    There are two worker processes at most: the warm one, and one for a user's script or for files of Keras 3.
    """

    def __init__(self, name: str, wishes: Wishes, logs: Path) -> None:
        self._name = name
        self._wishes = wishes
        self._logs = logs
        scratch.clear(str(logs))  # what workers of a killed run have left there
        self._environment: Environment | None = None
        self._worker: Worker | None = None
        self._keras3: Worker | None = None
        self._usage = Usage()
        self._runtimes: Runtimes | None = None
        self._claims: list[Claim] = []

    def prepare(self, listener: Listener) -> None:
        """Ensure the environment, warn about what it is not, and start the worker."""
        from workflow.environment import registry  # noqa: PLC0415  nothing of it is needed when every step is up to date

        if self._worker is not None:
            return
        registry.require_no_slip(self._name)
        self._environment = self._take(self._name, self._wishes, listener)
        for caveat in self._environment.caveats:
            if caveat != NO_CONDA:
                listener.warn(f"environment {self._name}: {caveat}")
        self._worker = self.fresh_worker()
        self._worker.start()

    def worker(self) -> Worker:
        """Return the warm worker."""
        if self._worker is None:
            raise AssertionError("prepare() comes first")
        return self._worker

    def fresh_worker(self) -> Worker:
        """Return a new worker of the same environment, not started yet."""
        from workflow import environment  # noqa: PLC0415  as above
        from workflow.bridge.warm_worker import Worker  # noqa: PLC0415  as above

        if self._environment is None:
            raise AssertionError("prepare() comes first")
        environ = environment.worker_environ(self._environment)
        log = self._logs / "worker.log"
        return Worker(self._environment.python, environ=environ, log=log, usage=self._usage)

    def keras3_worker(self, listener: Listener) -> Worker:
        """Ensure the environment ``keras3`` and return the worker of it."""
        from workflow import environment  # noqa: PLC0415  as above
        from workflow.bridge.warm_worker import Worker  # noqa: PLC0415  as above

        if self._keras3 is not None:
            return self._keras3
        wishes = self._wishes.replaced(manager=None)  # that is meant for the other one
        made = self._take(environment.KERAS3_NAME, wishes, listener)
        environ, log = environment.worker_environ(made), self._logs / "worker-keras3.log"
        self._keras3 = Worker(made.python, environ=environ, log=log, usage=self._usage)
        return self._keras3

    def runtimes(self) -> Runtimes:
        """Return the JavaScript runtimes, none of which is started yet when they are first asked for."""
        from workflow.verification.warm_places import Runtimes  # noqa: PLC0415  as above

        self._runtimes = self._runtimes or Runtimes()
        return self._runtimes

    def usage(self) -> Usage:
        """Return what jobs took in all workers so far."""
        return self._usage

    def facts(self) -> dict[str, Any]:
        """Return name, manager, Python version, lock digest and caveats of the environment, once it is known."""
        from workflow.bridge import enclosure  # noqa: PLC0415  as above

        made = self._environment
        if made is None:
            return {"name": self._name}
        return {
            "name": made.name,
            "manager": made.manager,
            "python": made.python_version,
            "profile": made.profile,
            "lock": made.lock_digest,
            "caveats": list(made.caveats),
            "wall": enclosure.described(),
        }

    def close(self) -> None:
        """End the workers and the runtimes."""
        for running in (self._runtimes, self._worker, self._keras3):
            if running is not None:
                running.close()
        self._worker = self._keras3 = None
        while self._claims:
            self._claims.pop().release()

    def _take(self, name: str, wishes: Wishes, listener: Listener) -> Environment:
        """Return the environment of this name, which nobody removes until we close."""
        from workflow import environment  # noqa: PLC0415  as above

        made, claim = environment.taken(name, wishes=wishes, listener=listener)
        self._claims.append(claim)
        return made


def worker_if_made(workshop: Workshop, listener: Listener) -> WorkerLike | None:
    """Return a worker of the environment ``keras3``, None where nobody has made that yet."""
    from workflow import environment  # noqa: PLC0415  as above

    return workshop.keras3_worker(listener) if environment.find(environment.KERAS3_NAME) else None
