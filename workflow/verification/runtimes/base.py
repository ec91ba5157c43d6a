"""The protocol of runtimes: whatever can run a model on an exchange set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from workflow.verification.model import RunResult, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflow.verification.model import NotRun, RunRequest


class Runtime(Protocol):
    """A place where models run. What it needs is fetched, and what it starts is started, when it is first asked."""

    @property
    def name(self) -> str:
        """What recipes call it: python, node, browser."""

    def missing(self, backend: str | None = None) -> NotRun | None:
        """Return why this runtime, or a backend of it, is not here and how to get it, or None; cheap to repeat."""

    def backends(self) -> tuple[str, ...]:
        """Return the backends that are here, the one first that runs when a request names none."""

    def run(self, request: RunRequest) -> RunResult:
        """Run a model and write its outputs; raises ``RuntimeFailure``."""

    def close(self) -> None:
        """End whatever was started; a later ``run`` starts it again."""


def result(request: RunRequest, *, backend: str | None, told: Mapping[str, Any], facts: Mapping[str, Any]) -> RunResult:
    """Return the result of a request from what its runtime told: inputs, outputs, timings in milliseconds."""
    return RunResult(
        runtime=request.runtime,
        backend=backend,
        outputs=request.outputs,
        specs_in=_specs(told.get("inputs") or ()),
        specs_out=_specs(told.get("outputs") or ()),
        timings=dict(told.get("timings") or {}),
        facts=dict(facts),
        load_average=load_average(),
    )


def load_average() -> float | None:
    """Return how busy the machine is, where it tells: without it no time means anything."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _specs(entries: Iterable[Mapping[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(one["name"], tuple(one["shape"]), str(one["dtype"])) for one in entries)
