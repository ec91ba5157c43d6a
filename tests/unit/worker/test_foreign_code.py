"""Bytecode in models is found wherever it is nested, and modules give their classes by name."""

from __future__ import annotations

import json
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from workflow.worker import foreign_code
from workflow.worker.failure import JobError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KERAS_2 = {"class_name": "Lambda", "config": {"name": "twice", "function": ["4wEAAA=="], "function_type": "lambda"}}
KERAS_3 = {
    "class_name": "Lambda",
    "config": {"name": "twice", "function": {"class_name": "__lambda__", "config": {"code": "4wEAAA=="}}},
}
BY_NAME = {"class_name": "Lambda", "config": {"name": "twice", "function": "softmax", "function_type": "function"}}


def model_of(layer: dict[str, Any]) -> dict[str, Any]:
    inner = {"class_name": "TimeDistributed", "config": {"name": "wrapper", "layer": layer}}
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [inner]}}


def write_hdf5(path: Path, topology: dict[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(topology)


def write_archive(path: Path, topology: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(topology))


def write_json(path: Path, topology: dict[str, Any]) -> None:
    path.write_text(json.dumps({"modelTopology": {"model_config": topology}}))


@pytest.mark.parametrize(
    ("write", "name", "kind"),
    [
        (write_hdf5, "m.h5", "keras"),
        (write_archive, "m.keras", "keras_keras"),
        (write_json, "model.json", "tfjs_layers_model"),
    ],
)
@pytest.mark.parametrize("layer", [KERAS_2, KERAS_3])
def test_bytecode_is_found_in_every_format_and_refused_unless_allowed(
    write: Callable[[Path, dict[str, Any]], None], name: str, kind: str, layer: dict[str, Any], tmp_path: Path
) -> None:
    write(tmp_path / name, model_of(layer))
    source = {"path": str(tmp_path / name), "format": kind}
    assert foreign_code.lambda_layers(source["path"], kind) == ["twice"]
    with pytest.raises(JobError, match="twice"):
        foreign_code.require_harmless(source)
    foreign_code.require_harmless({**source, "unsafe": True})


def test_a_function_that_is_called_by_name_is_no_bytecode(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "m.h5", model_of(BY_NAME))
    assert foreign_code.lambda_layers(str(tmp_path / "m.h5"), "keras") == []


def test_a_damaged_file_is_left_to_its_loader(tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_bytes(b"nothing")
    assert foreign_code.lambda_layers(str(tmp_path / "m.h5"), "keras") == []


def test_a_module_gives_its_classes_and_can_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "factor_of_mine.py").write_text("FACTOR = 3\n")
    (tmp_path / "layers.py").write_text("from factor_of_mine import FACTOR\nclass Scale:\n    factor = FACTOR\n")
    before = list(sys.path)
    with foreign_code.known_classes({"custom_objects": [str(tmp_path / "layers.py")]}) as known:
        assert known["Scale"].factor == 3
    assert sys.path == before


def test_a_module_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text("1 / 0\n")
    with (
        pytest.raises(JobError, match="ZeroDivisionError"),
        foreign_code.known_classes({"custom_objects": [str(tmp_path / "layers.py")]}),
    ):
        pass
