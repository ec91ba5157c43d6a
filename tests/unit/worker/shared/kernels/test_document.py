"""The table in docs/backends.md is what the tables of kernels say."""

from __future__ import annotations

import json
from pathlib import Path

from tests import ROOT
from workflow.worker.shared import kernels

TABLES = Path(kernels.__file__).parent
DOCUMENT = ROOT / "docs" / "backends.md"


def test_the_document_has_every_op_that_some_backend_lacks() -> None:
    ops = json.loads((TABLES / "ops.json").read_text("utf-8"))["ops"]
    backends = json.loads((TABLES / "backends.json").read_text("utf-8"))["backends"]
    cells = {
        op: ["no" if set(needed) - set(backends[name]["kernels"]) else "yes" for name in kernels.BACKENDS]
        for op, needed in ops.items()
    }
    partial = {op: row for op, row in cells.items() if "no" in row}
    text = DOCUMENT.read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`"): row[1:] for row in rows} == partial
    assert f"{len(ops)} ops" in text
    assert f"{len(ops) - len(partial)} of them" in text
