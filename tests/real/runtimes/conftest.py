"""Runtimes of this machine, one of each for all tests here; tests of one that is not there are skipped and say why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from workflow.verification import exchange
from workflow.verification.requests import NotRun, RunRequest
from workflow.verification.runtimes.browser import BrowserRuntime
from workflow.verification.runtimes.scripted import NodeRuntime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.catalogue.formats import Format
    from workflow.verification.requests import RunResult, Runtime, Tensors


@dataclass
class Answer:
    """What came back, its outputs read."""

    result: RunResult
    outputs: Tensors = field(default_factory=dict)


def needed(runtime: Runtime, backend: str | None = None) -> None:
    absent = runtime.missing(backend)
    if isinstance(absent, NotRun):
        pytest.skip(f"{absent.why}: {absent.remedy}")


@pytest.fixture(scope="session")
def node() -> Iterator[NodeRuntime]:
    runtime = NodeRuntime()
    needed(runtime)
    yield runtime
    runtime.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserRuntime]:
    runtime = BrowserRuntime()
    needed(runtime)
    yield runtime
    runtime.close()


@pytest.fixture(params=["node", "browser"])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """Each of the two in turn."""
    found: Runtime = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Answer]:
    """Run a model on arrays and return the result with its outputs."""
    number = 0

    def one(runtime: Runtime, model: Path, inputs: dict[str, NDArray[Any]], **wishes: Any) -> Answer:
        nonlocal number
        number += 1
        given, wanted = tmp_path / f"inputs_{number}", tmp_path / f"outputs_{number}"
        exchange.write(given, inputs)
        fmt: Format = wishes.pop("format", "tfjs_graph_model")
        result = runtime.run(RunRequest(model, fmt, given, wanted, runtime.name, **wishes))
        return Answer(result, exchange.read(result.outputs))

    return one
