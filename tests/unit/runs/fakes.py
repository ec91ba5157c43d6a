"""Workers of a run, all of them one fake: it writes layers models as the reference converter would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.runs.recipes import write_layers_model
from workflow.bridge.fake_worker import FakeWorker
from workflow.bridge.usage import Usage
from workflow.verification import exchange
from workflow.verification.requests import NotRun
from workflow.verification.warm_places import Runtimes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workflow.base.events import Listener
    from workflow.bridge.fake_worker import ScriptedAnswer


def write_model(args: dict[str, Any]) -> dict[str, Any]:
    """Write a layers model where the converter was told to; the answer of a successful conversion."""
    write_layers_model(Path(args["argv"][-1]))
    return {}


def answers(*, alike: bool = False) -> NDArray[np.float32]:
    """Return what the source answers to four inputs: different, or all but the same."""
    drawn = np.random.default_rng(0).random((4, 10)).astype(np.float32)
    return drawn * np.float32(1e-7) + 1 if alike else drawn


def reference(args: dict[str, Any], *, alike: bool = False) -> dict[str, Any]:
    """Write one feed with the source's answers; the answer of the job ``reference``."""
    folder = Path(args["folder"]) / "feed_0"
    exchange.write(folder / "inputs", {"x": np.zeros((4, 2), np.float32)})
    exchange.write(folder / "outputs", {"y": answers(alike=alike)})
    return {
        "inputs": [{"name": "x", "shape": [None, 2], "dtype": "float32"}],
        "outputs": [{"name": "y", "shape": [None, 10], "dtype": "float32"}],
        "feeds": [{"inputs": str(folder / "inputs"), "outputs": str(folder / "outputs"), "samples": 4}],
        "samples": 4,
        "labels": None,
        "versions": {"tensorflow": "2.13.1"},
    }


def predicted(change: Callable[[Any], Any] = lambda array: array, *, alike: bool = False) -> ScriptedAnswer:
    """Return what answers the job ``predict``: the source's answers (of ``web``), changed for every other model."""

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        found = answers(alike=alike)
        changed = found if Path(args["model"]["path"]).name == "web" else change(found)
        for feed in args["feeds"]:
            exchange.write(Path(feed["outputs"]), {"y": changed})
        return {"timings": {"load_ms": 1.0}}

    return answer


DEFAULTS: dict[str, ScriptedAnswer | list[ScriptedAnswer]] = {
    "convert": write_model,
    "source": reference,
    "predict": predicted(),
}


def no_runtime(name: str, *, listener: Listener | None = None) -> NotRun:
    """Return that there is no JavaScript here."""
    return NotRun(f"there is no {name} in a unit test", "run the real tests")


class FakeWorkers:
    """The ``RunWorkers`` around one fake worker; counts how often it was prepared and closed."""

    def __init__(self, **answers: ScriptedAnswer | list[ScriptedAnswer]) -> None:
        self.fake = FakeWorker({**DEFAULTS, **answers})
        self.used = Usage()
        self.prepared = 0
        self.closed = 0

    def prepare(self) -> None:
        self.prepared += 1

    def warm(self) -> FakeWorker:
        self.prepare()
        return self.fake

    def fresh(self) -> FakeWorker:
        self.prepare()
        return self.fake

    def keras3(self) -> FakeWorker:
        return self.fake

    def tensorflows_keras(self) -> FakeWorker:
        return self.fake

    def runtimes(self) -> Runtimes:
        return Runtimes(no_runtime)

    def usage(self) -> Usage:
        return self.used

    def facts(self) -> dict[str, Any]:
        return {"name": "fake"}

    def close(self) -> None:
        self.closed += 1
