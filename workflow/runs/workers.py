"""Where jobs run: the converter environment and its worker, made ready when the first job needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from workflow.bridge.usage import Usage
from workflow.conversion.job import Workers
from workflow.environment.entries import NO_CONDA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.bridge.warm_worker import Worker, WorkerLike
    from workflow.environment import Environment, Wishes
    from workflow.environment.claims import Claim
    from workflow.verification.warm_places import Runtimes


NO_MORE: Mapping[str, str] = {}
_TENSORFLOWS_KERAS = {"TFJS_WORKER_KERAS": "tensorflow"}


class RunWorkers(Workers, Protocol):
    """Gives a run its workers; each environment is made ready when a worker of it is first asked for."""

    def prepare(self) -> None:
        """Make the converter environment ready and start its warm worker; returns while that is still warming up."""

    def fresh(self) -> WorkerLike:
        """Return a worker of its own for a user's script; the caller closes it."""

    def tensorflows_keras(self) -> WorkerLike:
        """Return a worker that has TensorFlow's own Keras alone, for files that the converter's Keras does not read."""

    def runtimes(self) -> Runtimes:
        """Return the JavaScript runtimes that results are verified in; they stay warm from step to step."""

    def usage(self) -> Usage:
        """Return what jobs took in all workers so far; it goes on growing."""

    def facts(self) -> dict[str, Any]:
        """Return what a record should hold about the environment."""

    def close(self) -> None:
        """End every worker; safe to repeat."""


class EnvironmentWorkers:
    """The real workers: those of an environment by name, created when it is not there.

    There are few worker processes: the warm one, one for a user's script, one for files of Keras 3, and one for
    archives of Keras 2.12 and 2.13.
    ``listener`` hears of the making of environments.
    """

    def __init__(self, name: str, wishes: Wishes, *, logs: Path, listener: Listener) -> None:
        self._name = name
        self._wishes = wishes
        self._logs = logs
        self._listener = listener
        if logs.exists():
            from workflow.base import scratch  # noqa: PLC0415  for this alone

            scratch.clear(str(logs))  # what workers of a killed run have left there
        self._environment: Environment | None = None
        self._warm: Worker | None = None
        self._keras3: Worker | None = None
        self._tensorflows_keras: Worker | None = None
        self._usage = Usage()
        self._runtimes: Runtimes | None = None
        self._claims: list[Claim] = []

    def prepare(self) -> None:
        """Ensure the environment, warn about what it is not, and start the worker."""
        self._ready()

    def warm(self) -> Worker:
        """Return the warm worker."""
        return self._ready()[1]

    def fresh(self) -> Worker:
        """Return a new worker of the same environment, not started yet."""
        return self._worker_of(self._ready()[0], "worker.log")

    def keras3(self) -> Worker:
        """Ensure the environment ``keras3`` and return the worker of it."""
        from workflow import environment  # noqa: PLC0415  as below

        if self._keras3 is None:
            wishes = self._wishes.replaced(manager=None)  # that is meant for the other one
            self._keras3 = self._worker_of(self._take(environment.KERAS3_NAME, wishes), "worker-keras3.log")
        return self._keras3

    def tensorflows_keras(self) -> Worker:
        """Return the worker of the converter environment that has TensorFlow's own Keras alone."""
        if self._tensorflows_keras is None:
            self._tensorflows_keras = self._worker_of(self._ready()[0], "worker-keras2.log", more=_TENSORFLOWS_KERAS)
        return self._tensorflows_keras

    def _ready(self) -> tuple[Environment, Worker]:
        """Return the environment and its warm worker, made and started when they are not there."""
        from workflow.environment import registry  # noqa: PLC0415  nothing of it is needed when every step is up to date

        if self._environment is None or self._warm is None:
            registry.require_no_slip(self._name)
            self._environment = self._take(self._name, self._wishes)
            for caveat in self._environment.caveats:
                if caveat != NO_CONDA:
                    self._listener.warn(f"environment {self._name}: {caveat}")
            self._warm = self._worker_of(self._environment, "worker.log")
            self._warm.start()
        return self._environment, self._warm

    def _worker_of(self, made: Environment, log: str, *, more: Mapping[str, str] = NO_MORE) -> Worker:
        from workflow import environment  # noqa: PLC0415  as above
        from workflow.bridge.warm_worker import Worker  # noqa: PLC0415  as above

        environ = {**environment.worker_environ(made), **more}
        return Worker(made.python, environ=environ, log=self._logs / log, usage=self._usage)

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
        made = self._environment
        if made is None:
            return {"name": self._name}
        from workflow.bridge import enclosure  # noqa: PLC0415  as above

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
        for running in (self._runtimes, self._warm, self._keras3, self._tensorflows_keras):
            if running is not None:
                running.close()
        self._warm = self._keras3 = self._tensorflows_keras = None
        while self._claims:
            self._claims.pop().release()

    def _take(self, name: str, wishes: Wishes) -> Environment:
        """Return the environment of this name, which nobody removes until we close."""
        from workflow import environment  # noqa: PLC0415  as above

        made, claim = environment.taken(name, wishes=wishes, listener=self._listener)
        self._claims.append(claim)
        return made


def keras3_if_made(workers: Workers) -> WorkerLike | None:
    """Return a worker of the environment ``keras3``, None where nobody has made that yet."""
    from workflow import environment  # noqa: PLC0415  as above

    return workers.keras3() if environment.find(environment.KERAS3_NAME) else None
