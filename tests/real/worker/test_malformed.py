"""Damaged models in the worker: no exception comes out of a line of ours, no job hangs, no process ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.real.conftest import CORPUS
from workflow.base.processes import run

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment import Environment

pytestmark = pytest.mark.real

COUNT = int(os.environ.get("TFJS_WORKFLOW_FUZZ_COUNT", "30"))
STRANGERS = ("saved_model/half_plus_two_tf1", "saved_model/multi_output", "graph/structured_outputs", "layers/xor")


def test_jobs_on_damaged_models_end_well_or_with_an_error_of_the_job(
    tmp_path: Path, converter_environment: Environment
) -> None:
    """$TFJS_WORKFLOW_FUZZ_COUNT makes it longer; the seeds of findings are in the message."""
    named = [str(CORPUS / name) for name in STRANGERS if (CORPUS / name).exists()]
    findings = tmp_path / "findings"
    options = ["--count", str(COUNT), "--findings", str(findings)]
    done = run([sys.executable, "scripts/fuzz_worker.py", *options, *named], cwd=ROOT, timeout=300 + 10 * COUNT)
    assert done.code == 0, f"{done.stdout[-3000:]}\n{findings.read_text()[:5000] if findings.exists() else done.stderr}"
    assert "summary: 0 findings" in done.stdout
