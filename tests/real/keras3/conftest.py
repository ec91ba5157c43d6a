"""The environment `keras3`, made once for all, models that only it can load, and its worker."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow import environment
from workflow.base.processes import run
from workflow.bridge.warm_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.environment import Environment

HERE = Path(__file__).resolve().parent
OWN_LAYERS = HERE / "programs" / "own_layers.py"


@pytest.fixture(scope="session")
def zoo(keras3: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, saved by the newest Keras, with inputs and answers."""
    folder = tmp_path_factory.mktemp("zoo3")
    argv = [str(keras3.python), "-X", "utf8", str(HERE / "programs" / "zoo.py"), str(folder)]
    done = run(argv, env=environment.worker_environ(keras3))
    assert done.code == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="session")
def warm(keras3: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker for the models that bring no code of their own."""
    environ = environment.worker_environ(keras3)
    with Worker(keras3.python, environ=environ, log=tmp_path_factory.mktemp("keras3") / "w.log") as worker:
        yield worker


@pytest.fixture
def export(warm: Worker, zoo: Path, tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Export a model of the zoo; returns the SavedModel and the facts."""

    def exported(name: str, **source: Any) -> tuple[Path, dict[str, Any]]:
        path, output = zoo / name, tmp_path / f"{name}.saved"
        kind = "keras" if path.suffix == ".h5" else "keras_keras"
        job = {"source": {"path": str(path), "format": kind, **source}, "output": str(output)}
        return output, warm.run("export", job, log=tmp_path / "export.log", timeout=120)

    return exported


@pytest.fixture
def graph(worker: Worker, tmp_path: Path) -> Callable[[Path], tuple[Path, dict[str, Any]]]:
    """Convert a SavedModel to a graph model, in the converter environment."""

    def converted(saved: Path) -> tuple[Path, dict[str, Any]]:
        output = tmp_path / "graph"
        shutil.rmtree(output, ignore_errors=True)
        source = {"path": str(saved), "format": "tf_saved_model"}
        job = {"source": source, "output": str(output), "options": {}}
        return output, worker.run("graph", job, log=tmp_path / "graph.log", timeout=300)

    return converted
