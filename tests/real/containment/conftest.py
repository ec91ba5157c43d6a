"""The warm workers of both environments, and what a job of theirs took."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow import environment
from workflow.base.errors import WorkflowError
from workflow.base.processes import run
from workflow.bridge.warm_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Asked = Callable[[str, dict[str, Any]], str]

MOST = 2 << 30
"""Bytes that a worker may hold whatever it is given."""


@pytest.fixture(scope="session")
def workers(converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Worker]]:
    """The worker of the converter environment, and that of Keras 3 where it has been made."""
    folder = tmp_path_factory.mktemp("contained")
    made = {"tfjs": environment.find(environment.DEFAULT_NAME), "keras3": environment.find(environment.KERAS3_NAME)}
    pythons = {"tfjs": converter_python} | {name: found.python for name, found in made.items() if found}
    environs = {name: environment.worker_environ(found) if found else dict(os.environ) for name, found in made.items()}
    started = {
        name: Worker(python, environ=environs[name], log=folder / f"{name}.log") for name, python in pythons.items()
    }
    yield started
    for worker in started.values():
        worker.close()


@pytest.fixture(scope="session")
def made(converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of frozen graphs and SavedModels, sound ones and others."""
    folder = tmp_path_factory.mktemp("made")
    argv = [str(converter_python), "-I", str(Path(__file__).parent / "programs" / "make_graphs.py"), str(folder)]
    done = run(argv, env=dict(os.environ), timeout=120)
    assert done.code == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(params=["tfjs", "keras3"])
def worker_of_keras(request: pytest.FixtureRequest, workers: dict[str, Worker]) -> Worker:
    """Each of the two, for files that either Keras reads."""
    if request.param not in workers:
        pytest.skip(f"the environment {request.param} has not been made")
    return workers[request.param]


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[..., str]:
    """What a job says that is refused, or not run; it holds little memory at most."""

    def asked(worker: Worker, job: str, source: dict[str, Any]) -> str:
        args = {"source": {"model": source, "folder": str(tmp_path / "r"), "batches": [1, 3], "seed": 0}}.get(
            job, {"source": source, "output": str(tmp_path / "out")}
        )
        try:
            told = worker.run(job, args, log=tmp_path / "log", timeout=60)
        except WorkflowError as error:
            code, said = error.exit_code, error.message
        else:
            code, said = 45, str(told.get("not_run") or "")
        assert 30 <= code < 50
        assert said
        assert worker.usage.jobs[-1].memory["peak"] < MOST
        return said

    return asked
