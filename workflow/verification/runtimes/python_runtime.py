"""Runs models in the converter environment, through the worker that converts there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import StepTimeoutError, WorkerDiedError, WorkflowError
from workflow.verification.requests import NotRun, RuntimeFailure, run_result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.bridge.warm_worker import WorkerLike
    from workflow.verification.requests import RunRequest, RunResult

_KINDS: tuple[tuple[type[WorkflowError], str], ...] = (
    (StepTimeoutError, "timeout"),
    (WorkerDiedError, "crash"),
    (WorkflowError, "run"),
)


class PythonRuntime:
    """TensorFlow in Python; ``worker`` is called when the first model comes and belongs to its owner."""

    name = "python"

    def __init__(self, worker: Callable[[], WorkerLike], *, log: Path) -> None:
        self._worker = worker
        self._log = log

    def missing(self, backend: str | None = None) -> NotRun | None:
        """Return None: whoever has a worker has Python; backends it has none."""
        return None if backend is None else NotRun("Python has no backends", "ask for python without a backend")

    def backends(self) -> tuple[str, ...]:
        """Return nothing: there is one way only."""
        return ()

    def run(self, request: RunRequest) -> RunResult:
        """Run a model; raises ``RuntimeFailure``."""
        arguments = {
            "model": {"path": str(request.model.absolute()), "format": request.format},
            "inputs": str(request.inputs.absolute()),
            "outputs": str(request.outputs.absolute()),
            "repeat": request.repeat,
        }
        answer = self._ask(arguments, request.timeout)
        if answer.get("not_run"):
            raise RuntimeFailure("load", str(answer["not_run"]))
        return run_result(request, backend=None, told=answer, facts={"versions": answer.get("versions", {})})

    def close(self) -> None:
        """Do nothing: the worker is its owner's."""

    def _ask(self, arguments: dict[str, Any], timeout: float) -> dict[str, Any]:
        try:
            return self._worker().run("predict", arguments, log=self._log, timeout=timeout)
        except WorkflowError as error:
            kind = next(kind for cause, kind in _KINDS if isinstance(error, cause))
            raise RuntimeFailure(kind, error.message) from error
