"""One warm worker and one small seeded MobileNet for all tests here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from workflow.bridge.warm_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Jobs = dict[str, object]


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "0"}  # all of TensorFlow's noise: it must not matter


@pytest.fixture(scope="session")
def make_worker(
    converter_python: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Worker]:
    def make(**more: str) -> Worker:
        log = tmp_path_factory.mktemp("worker") / "worker.log"
        return Worker(converter_python, environ={**environ, **more}, log=log)

    return make


@pytest.fixture(scope="session")
def worker(make_worker: Callable[..., Worker]) -> Iterator[Worker]:
    with make_worker() as made:
        yield made


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything in its name that breaks command lines."""
    folder = tmp_path_factory.mktemp("real") / 'it\'s a "folder" 模型 é'
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def mobilenet(worker: Worker, home: Path) -> Path:
    path = home / "mobile net.h5"
    job = {"application": "MobileNet", "weights": "seeded", "offline": "fail", "seed": 7, "output": str(path)}
    options = {"options": {"input_shape": [96, 96, 3], "alpha": 0.25, "classes": 20}}
    worker.run("application", {**job, **options}, log=home / "application.log", timeout=300)
    return path
