"""Damaged models of all formats, and damaged records of runs: a result or a clear error, in bounded time and memory."""

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

pytestmark = pytest.mark.real

COUNT = int(os.environ.get("TFJS_WORKFLOW_FUZZ_COUNT", "250"))
SEED = int(os.environ.get("TFJS_WORKFLOW_FUZZ_SEED", "1"))
STRANGERS = ("layers/xor", "layers/gru_sentiment", "layers/tfjs_made", "graph/structured_outputs", "h5/xor/keras.h5")


def test_damaged_models_give_a_result_or_a_clear_error(tmp_path: Path) -> None:
    """For less than a minute; $TFJS_WORKFLOW_FUZZ_COUNT makes it longer. Seeds of findings are in the message."""
    named = [str(CORPUS / name) for name in STRANGERS if (CORPUS / name).exists()]
    findings = tmp_path / "findings"
    options = ["--count", str(COUNT), "--seed", str(SEED), "--findings", str(findings)]
    done = run([sys.executable, "scripts/fuzz.py", *options, *named], cwd=ROOT, timeout=120 + COUNT)
    assert done.code == 0, f"{done.stdout[-3000:]}\n{findings.read_text()[:5000] if findings.exists() else done.stderr}"
    assert "summary: 0 findings" in done.stdout
