"""Graphs before and after rewriting compute the same: run in the environment, which has TensorFlow to compute them."""

from __future__ import annotations

from pathlib import Path

import pytest

import workflow.worker
from workflow.processes import run

pytestmark = pytest.mark.real
HERE = Path(__file__).resolve().parent


@pytest.mark.parametrize("check", ["channels_first", "folding", "folding_shared", "elementwise", "functions"])
def test_rewritten_graphs_compute_the_same(check: str, converter_python: Path, environ: dict[str, str]) -> None:
    worker = str(Path(workflow.worker.__file__).parent)
    done = run([str(converter_python), str(HERE / "rewriting.py"), worker, check], env=environ)
    assert done.code == 0, done.stderr[-3000:]
