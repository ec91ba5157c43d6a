from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.unit.models.models import layers_document, write_h5, write_model
from workflow.base.processes import run

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
from workflow.models.inspection import inspect_model
inspect_model(Path(sys.argv[1]), sys.argv[2])
print(sorted({"numpy", "h5py", "tensorflow"} & set(sys.modules)))
"""


def test_json_models_are_inspected_without_numpy_and_h5py(tmp_path: Path) -> None:
    path = write_model(tmp_path, layers_document())
    done = run([sys.executable, "-c", PROGRAM, str(path), "tfjs_layers_model"])
    assert (done.code, done.stdout.strip()) == (0, "[]")


def test_keras_files_are_inspected_without_numpy_and_h5py(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "m.h5")
    done = run([sys.executable, "-c", PROGRAM, str(path), "keras"])
    assert (done.code, done.stdout.strip()) == (0, "[]")
