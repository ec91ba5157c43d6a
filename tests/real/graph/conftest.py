"""A second worker, and a folder of small Keras models with their answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.processes import run
from workflow.bridge.warm_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
Converted = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="session")
def another(
    converter_python: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """A second worker, which has not done what the first one did, and has other hashes."""
    log = tmp_path_factory.mktemp("another") / "worker.log"
    with Worker(converter_python, environ={**environ, "PYTHONHASHSEED": "11"}, log=log) as made:
        yield made


@pytest.fixture(scope="session")
def zoo(converter_python: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built("zoo", converter_python, environ, folder=tmp_path_factory.mktemp("zoo"))


@pytest.fixture(scope="session")
def saved(converter_python: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built("saved_models", converter_python, environ, folder=tmp_path_factory.mktemp("saved"))


def _built(script: str, python: Path, environ: dict[str, str], *, folder: Path) -> Path:
    done = run([str(python), str(HERE / f"{script}.py"), str(folder)], env=environ)
    assert done.code == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def graph(worker: Worker, zoo: Path, tmp_path: Path) -> Callable[..., Converted]:
    """Convert a model of the zoo by the job ``graph``; returns the folder and the facts."""

    def convert(name: str, *, suffix: str = ".h5", **more: Any) -> Converted:
        output = tmp_path / f"{name}{len(list(tmp_path.iterdir()))}"
        source = {"path": str(zoo / f"{name}{suffix}"), "format": "keras" if suffix == ".h5" else "keras_keras"}
        job = {"source": source, "output": str(output), "options": {}, **more}
        return output, worker.run("graph", job, log=tmp_path / "job.log", timeout=300)

    return convert
