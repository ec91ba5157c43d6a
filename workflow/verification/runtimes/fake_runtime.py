"""A runtime without anything behind it, for tests of whatever uses runtimes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflow.verification import exchange
from workflow.verification.requests import NotRun, RuntimeFailure, run_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.verification.requests import RunRequest, RunResult, Tensors


def echo(tensors: Tensors) -> Tensors:
    """Return the inputs as outputs."""
    return dict(tensors)


@dataclass
class FakeRuntime:
    """Computes outputs from inputs with ``model``; fails with ``failure``, or is not there because of ``absent``."""

    model: Callable[[Tensors], Tensors] = echo
    name: str = "node"
    offers: tuple[str, ...] = ("wasm", "cpu")
    failure: RuntimeFailure | None = None
    absent: NotRun | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    requests: list[RunRequest] = field(default_factory=list)
    closed: bool = False

    def missing(self, backend: str | None = None) -> NotRun | None:
        """Return what the test decided, or that the backend is none of ``offers``."""
        if self.absent is None and backend is not None and backend not in self.offers:
            return NotRun(f"{self.name} has no backend {backend}", f"its backends are {', '.join(self.offers)}")
        return self.absent

    def backends(self) -> tuple[str, ...]:
        """Return ``offers``."""
        return self.offers if self.absent is None else ()

    def run(self, request: RunRequest) -> RunResult:
        """Keep the request and write what ``model`` makes of its inputs."""
        self.requests.append(request)
        backend = request.backend or next(iter(self.offers), None)
        missing = self.missing(backend)
        if missing is not None:
            raise RuntimeFailure("not here", missing.why)
        if self.failure is not None:
            raise self.failure
        inputs = exchange.read(request.inputs)
        outputs = self.model(inputs)
        exchange.write(request.outputs, outputs)
        timings = {"load_ms": 1.0, "first_ms": 1.0}
        if request.repeat:
            timings |= {"median_ms": 1.0, "spread_ms": 0.0, "count": request.repeat}
        told = {"inputs": _specs(inputs), "outputs": _specs(outputs), "timings": timings}
        return run_result(request, backend=backend, told=told, facts=self.facts)

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _specs(tensors: Tensors) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(array.shape), "dtype": "string" if array.dtype.kind in "OSU" else array.dtype.name}
        for name, array in tensors.items()
    ]
