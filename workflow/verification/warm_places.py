"""What a verification runs models with: the converter environment's worker, and JavaScript runtimes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from workflow.models.keras import archive
from workflow.verification import runtimes
from workflow.verification.requests import NotRun
from workflow.verification.source_answers import SourceAnswers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.base.events import Listener
    from workflow.bridge.warm_worker import WorkerLike
    from workflow.verification.requests import Runtime


_OF_KERAS = ("keras", "keras_keras")
_OLDER = ("2.12.", "2.13.")
_NO_KERAS_3 = "a file of Keras 3 can be run after `tfjs-workflow env create keras3`"
_ABSENT = {
    "not_run": "it is for Keras 3 alone, and the environment keras3 is not there",
    "absent": "run `tfjs-workflow env create keras3`",
}


class Runtimes:
    """JavaScript runtimes, each made when it is first asked for and warm from then on. Close it.

    ``source_answers`` remembers what sources answered, ``told`` what was said of runtimes that are not there.
    """

    def __init__(self, make: Callable[..., Any] = runtimes.make) -> None:
        self.source_answers = SourceAnswers()
        self.told: set[str] = set()
        self._make = make
        self._made: dict[str, Any] = {}

    def get(self, name: str, listener: Listener | None = None) -> Any:
        """Return the runtime of this name, or ``NotRun``."""
        if name not in self._made:
            self._made[name] = self._make(name, listener=listener)
        return self._made[name]

    def close(self) -> None:
        """End every runtime; a later ``get`` makes it anew."""
        for found in self._made.values():
            if not isinstance(found, NotRun):
                found.close()
        self._made = {}
        self.source_answers.close()


@dataclass(frozen=True)
class WarmPlaces:
    """``Places`` around a worker, asked for when the first job comes, and runtimes; both are their owner's."""

    worker: Callable[[], WorkerLike]
    runtimes: Runtimes
    log: Path
    timeout: float | None = None
    listener: Listener | None = None
    keras3: Callable[[], WorkerLike | None] = lambda: None
    """Gives the worker of the environment ``keras3``, None where there is none."""

    tensorflows_keras: Callable[[], WorkerLike] | None = None
    """Gives a worker that has TensorFlow's own Keras alone, which reads archives that ``tf_keras`` does not."""

    def job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run a job in the worker; what only Keras 3 loads is run where that is."""
        self._tell("running the source in Python" if name == "source" else "verifying in Python")
        if name != "source" and _is_newer(arguments.get("model")):
            return self.job_in_keras3(name, arguments) or _ABSENT
        if self.tensorflows_keras is not None and _is_older(arguments.get("model")):
            return self.tensorflows_keras().run(name, arguments, log=self.log, timeout=self.timeout)
        answer = self.worker().run(name, arguments, log=self.log, timeout=self.timeout)
        if name == "source" and "not_run" in answer and arguments["model"]["format"] in _OF_KERAS:
            return self._by_keras3(name, arguments, refused=answer)
        return answer

    def job_in_keras3(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """Run a job in the environment for files of Keras 3; None where nobody has made that."""
        worker = self.keras3()
        return None if worker is None else worker.run(name, arguments, log=self.log, timeout=self.timeout)

    def _by_keras3(self, name: str, arguments: Mapping[str, Any], *, refused: dict[str, Any]) -> dict[str, Any]:
        worker = self.keras3()
        if worker is None:
            return refused | {"not_run": f"{refused['not_run']}; {_NO_KERAS_3}"}
        answer = worker.run(name, arguments, log=self.log, timeout=self.timeout)
        if "not_run" in answer:
            answer["not_run"] = f"{refused['not_run']}; and in the environment keras3: {answer['not_run']}"
        return answer

    def runtime(self, name: str, backend: str | None) -> Runtime | NotRun:
        """Return the runtime of this name, or why it is not there."""
        self._tell(f"verifying in {name}{f' ({backend})' if backend else ''}")
        found = self.runtimes.get(name, self.listener)
        if isinstance(found, NotRun):
            return found
        missing: NotRun | None = found.missing(backend)
        runtime: Runtime = found
        return missing or runtime

    def _tell(self, what: str) -> None:
        if self.listener is not None:
            self.listener.advance(what, 0, 0)


def _is_older(model: object) -> bool:
    """Whether a model is an archive of Keras 2.12 or 2.13, whose weights lie elsewhere than later ones look."""
    return _is_archive(model) and archive.version_of(Path(str(model["path"]))).startswith(_OLDER)


def _is_newer(model: object) -> bool:
    """Whether a model is an archive of Keras 3, which nothing else reads."""
    return _is_archive(model) and archive.is_for_keras3(Path(str(model["path"])))


def _is_archive(model: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(model, dict) and model.get("format") == "keras_keras"
