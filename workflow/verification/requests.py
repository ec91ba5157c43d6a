"""What is asked of the places where models run, and what they answer: the protocol of runtimes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.catalogue.formats import Format

    Tensors = dict[str, NDArray[Any]]
    """Arrays by name, in order."""


class TensorSpec(Record):
    """An input or output: dtypes are named float32, int32, bool, string; None is a size that is open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class RunRequest(Record):
    """Run a model once on an exchange set; ``repeat`` more times to measure. ``outputs`` is written."""

    model: Path
    format: Format
    inputs: Path
    outputs: Path
    runtime: str
    backend: str | None = None
    repeat: int = 0
    timeout: float = 120.0


class RunResult(Record):
    """What a runtime did: where the outputs are, what the model takes and gives, milliseconds, and facts.

    ``timings`` has load_ms, first_ms, median_ms, spread_ms, count; ``facts`` versions, fallbacks, executeAsync...
    """

    runtime: str
    backend: str | None
    outputs: Path
    specs_in: tuple[TensorSpec, ...]
    specs_out: tuple[TensorSpec, ...]
    timings: Mapping[str, Any] = {}
    facts: Mapping[str, Any] = {}
    load_average: float | None = None


class NotRun(Record):
    """Why a runtime or backend is not there, and how to get it. It is never a pass."""

    why: str
    remedy: str
    absent: bool = False
    """Whether that which would run the model is not there, and not the model to blame."""


class RuntimeFailure(Exception):  # noqa: N818  the word of the contract between runtimes and levels
    """A runtime that is there could not run the model; ``kind`` is a word such as ``load`` or ``timeout``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Subject(Record):
    """A model to verify, or the one to verify it against; ``options`` tell how to read it (``signature_name``...)."""

    path: Path
    format: Format
    options: Mapping[str, object] = {}

    @property
    def is_tfjs(self) -> bool:
        """Whether it lives in TensorFlow.js."""
        return self.format.startswith("tfjs_")


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


def run_result(
    request: RunRequest, *, backend: str | None, told: Mapping[str, Any], facts: Mapping[str, Any]
) -> RunResult:
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
