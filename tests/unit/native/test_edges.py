from __future__ import annotations

import sys
from pathlib import Path

from workflow.converters.native import EDGES
from workflow.processes import run

ROOT = Path(__file__).resolve().parents[3]


def test_the_table_of_edges_loads_nothing_heavy() -> None:
    code = "import sys, workflow.converters.native; print(sorted({'numpy', 'h5py'} & set(sys.modules)))"
    done = run([sys.executable, "-c", code], cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_both_kinds_of_javascript_model_can_be_written_again() -> None:
    assert {("tfjs_layers_model", "tfjs_layers_model"), ("tfjs_graph_model", "tfjs_graph_model")} <= EDGES.keys()
