"""A worker that converts again and again holds no more than at first."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.conversion.native.tfjs_writing import write_model_json, write_weights
from workflow.models.arrays import of_array

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform != "linux", reason="elsewhere less is known")]

UNITS = 1600
MODEL_BYTES = UNITS * UNITS * 4
SETTLING, COUNT = 5, 25


@pytest.fixture(scope="module")
def heavy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layers model of 10 MB in a single layer, which is converted in no time."""
    folder = tmp_path_factory.mktemp("heavy")
    values = np.ones((UNITS, UNITS), np.float32)
    kernel = of_array("dense/kernel", values.shape, dtype="float32", read=lambda: values)
    config = {"name": "dense", "units": UNITS, "use_bias": False, "batch_input_shape": [None, UNITS]}
    layers = [{"class_name": "Dense", "config": config}]
    topology = {"class_name": "Sequential", "config": {"name": "heavy", "layers": layers}}
    manifest = write_weights([[kernel]], folder)
    write_model_json(folder / "model.json", {"modelTopology": topology, "weightsManifest": manifest})
    return folder / "model.json"


def by_our_own_code(model: Path, output: Path) -> tuple[str, dict[str, Any]]:
    return "graph", {"source": {"path": str(model), "format": "tfjs_layers_model"}, "output": str(output)}


def by_the_reference_converter(model: Path, output: Path) -> tuple[str, dict[str, Any]]:
    formats = ["--input_format=tfjs_layers_model", "--output_format=tfjs_layers_model", "--quantize_uint8=*"]
    return "convert", {"argv": [*formats, str(model), str(output)]}


def by_running_it(model: Path, output: Path) -> tuple[str, dict[str, Any]]:
    source = {"path": str(model), "format": "tfjs_layers_model"}
    return "source", {"model": source, "folder": str(output), "batches": [2], "seed": 0}


@pytest.mark.parametrize("way", [by_our_own_code, by_the_reference_converter, by_running_it])
def test_jobs_leave_nothing_of_the_model_behind(
    worker: Worker, heavy_model: Path, tmp_path: Path, way: Callable[[Path, Path], tuple[str, dict[str, Any]]]
) -> None:
    worker.start()
    pid, held = worker.pid, []
    for _ in range(COUNT):
        job, args = way(heavy_model, tmp_path / "out")
        worker.run(job, args, log=tmp_path / "log", timeout=120)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        held.append(worker.usage.jobs[-1].memory["now"])
    assert worker.pid == pid
    grown = min(held[-SETTLING:]) - max(held[:SETTLING])
    assert grown < MODEL_BYTES * (COUNT - 2 * SETTLING) / 3
