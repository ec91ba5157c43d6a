"""Graphs before and after rewriting compute the same: run in the environment, which has TensorFlow to compute them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import workflow.worker
from workflow.base.processes import run

pytestmark = pytest.mark.real
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def results(
    converter_python: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str | None]:
    """What became of each check, all of them in one process: importing TensorFlow takes longer than they do."""
    worker, place = Path(workflow.worker.__file__).parent, tmp_path_factory.mktemp("checks") / "results.json"
    done = run([str(converter_python), str(HERE / "rewriting.py"), str(worker), str(place)], env=environ)
    assert done.code == 0, done.stderr[-3000:]
    found: dict[str, str | None] = json.loads(place.read_text("utf-8"))
    return found


@pytest.mark.parametrize("check", ["channels_first", "folding", "folding_shared", "elementwise", "functions"])
def test_rewritten_graphs_compute_the_same(check: str, results: dict[str, str | None]) -> None:
    assert results[check] is None, results[check]
