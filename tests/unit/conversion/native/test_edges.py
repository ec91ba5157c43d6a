from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.unit.conversion.native.keras.files import archive, dense, given, numbers, row, stored, whole_file
from workflow.base.processes import run
from workflow.conversion.native import EDGES

if TYPE_CHECKING:
    from pathlib import Path


def test_the_table_of_edges_loads_nothing_heavy() -> None:
    code = "import sys, workflow.conversion.native; print(sorted({'numpy', 'h5py'} & set(sys.modules)))"
    done = run([sys.executable, "-c", code], cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_both_kinds_of_javascript_model_can_be_written_again() -> None:
    assert {("tfjs_layers_model", "tfjs_layers_model"), ("tfjs_graph_model", "tfjs_graph_model")} <= EDGES.keys()


CONVERSION = """
import sys
from pathlib import Path
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.base.events import Silent
source, have, target, want, *options = sys.argv[1:]
EDGES[have, want](Job(Path(source), have, Path(target), want, dict(map(eval, options)), Silent()))
print(sorted({"numpy", "h5py"} & set(sys.modules)))
"""


@pytest.mark.parametrize("form", ["keras", "keras_keras"])
def test_plain_conversions_load_neither_numpy_nor_h5py(tmp_path: Path, form: str) -> None:
    config, kernel, bias = row(given([None, 2]), dense()), numbers(2, 2), numbers(2)
    layers, again, final = (tmp_path / name for name in ("layers", "again", "final"))
    if form == "keras":
        source = whole_file(tmp_path / "m.h5", config, {"dense": {"dense/kernel": kernel, "dense/bias": bias}})
    else:
        source = archive(tmp_path / "m.keras", config, {"layers/dense/vars/0": kernel, "layers/dense/vars/1": bias})
    back = tmp_path / f"back{source.suffix}"
    js = "tfjs_layers_model"
    for step in (
        (source, form, layers, js),
        (layers, js, again, js, "('weight_shard_size_bytes', 5)"),
        (again, js, back, form),
        (back, form, final, js, "('split_weights_by_layer', True)"),
    ):
        done = run([sys.executable, "-c", CONVERSION, *map(str, step)], cwd=ROOT)
        assert (done.code, done.stdout.strip()) == (0, "[]"), (step, done.stderr)
    for folder in (layers, again, final):
        assert list(stored(folder)) == ["dense/kernel", "dense/bias"]
        assert b"".join(array.tobytes() for array in stored(folder).values()) == kernel.tobytes() + bias.tobytes()
