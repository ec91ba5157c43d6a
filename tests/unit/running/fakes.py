"""A workshop whose worker is the fake one: it writes layers models as the reference converter would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.running.recipes import write_layers_model
from workflow.converters.fake_worker import FakeWorker

if TYPE_CHECKING:
    from workflow.converters.fake_worker import Answer
    from workflow.events import Listener

EQUAL = {
    "outputs": [
        {
            "name": "y",
            "shape": [4, 10],
            "dtype": "float32",
            "max_abs": 0.0,
            "mean_abs": 0.0,
            "reference": {"min": 0.0, "max": 1.0, "std": 0.2},
            "spread": 0.3,
            "cosine": 1.0,
            "top1": 1.0,
            "finite": {"source": True, "result": True},
        }
    ]
}


def write_model(args: dict[str, Any]) -> dict[str, Any]:
    """Write a layers model where the converter was told to; the answer of a successful conversion."""
    write_layers_model(Path(args["argv"][-1]))
    return {}


def compared(**changes: Any) -> dict[str, Any]:
    """Return the answer of a comparison that differs from a perfect one in these figures."""
    return {"outputs": [EQUAL["outputs"][0] | changes]}


DEFAULTS: dict[str, Answer | list[Answer]] = {"convert": write_model, "compare": EQUAL}


class FakeWorkshop:
    """A ``Workshop`` around one fake worker; counts how often it was prepared and closed."""

    def __init__(self, **answers: Answer | list[Answer]) -> None:
        self.fake = FakeWorker({**DEFAULTS, **answers})
        self.prepared = 0
        self.closed = 0

    def prepare(self, listener: Listener) -> None:
        self.prepared += 1

    def worker(self) -> FakeWorker:
        return self.fake

    def fresh_worker(self) -> FakeWorker:
        return self.fake

    def facts(self) -> dict[str, Any]:
        return {"name": "fake"}

    def close(self) -> None:
        self.closed += 1
