"""The committed tables of kernels are what the installed packages of TensorFlow.js say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workflow.base.events import Silent
from workflow.base.processes import run
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import packages
from workflow.worker.shared import kernels

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "write_kernel_tables.py"


def test_the_tables_are_up_to_date(tmp_path: Path) -> None:
    found = packages.modules(Silent())
    if isinstance(found, NotRun):
        pytest.skip(f"{found.why}: {found.remedy}")
    folder = found.parent if found.name == "node_modules" else found
    done = run([sys.executable, str(SCRIPT), str(folder), "--into", str(tmp_path)])
    assert done.code == 0, done.stderr
    committed = Path(kernels.__file__).parent
    for name in ("ops.json", "backends.json"):
        assert (tmp_path / name).read_text("utf-8") == (committed / name).read_text("utf-8")
