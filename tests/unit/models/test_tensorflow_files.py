from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.models.models import field, graph_def, write_saved_model
from tests.unit.models.refusals import refused
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format


def test_a_saved_model_is_summarised_with_all_its_files(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    (folder / "assets").mkdir()
    (folder / "assets" / "words.txt").write_text("word", encoding="ascii")
    summary = inspect_model(folder, "tf_saved_model")
    names = [file.relative_to(folder).as_posix() for file in summary.files]
    assert names[0] == "assets/words.txt"
    assert len(names) == 4


def test_a_folder_without_saved_model_pb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").touch()
    refused(tmp_path, "tf_saved_model", "no saved_model.pb", "weights.bin")


def test_a_saved_model_one_level_below_is_pointed_out(tmp_path: Path) -> None:
    write_saved_model(tmp_path / "00001")
    refused(tmp_path, "tf_saved_model", "00001")


@pytest.mark.parametrize("content", [b"", b"saved_model_schema_version: 1", b"\x08\x01", b"<html>", b"\xff\xff\xff"])
def test_a_saved_model_with_a_bad_graph_is_refused(content: bytes, tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    (folder / "saved_model.pb").write_bytes(content)
    refused(folder, "tf_saved_model", "saved_model.pb")


@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_missing_variables_are_named(name: str, tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    (folder / "variables" / name).unlink()
    refused(folder, "tf_saved_model", "not complete", name)


def test_a_saved_model_without_variables_passes(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    for file in (folder / "variables").iterdir():
        file.unlink()
    assert inspect_model(folder, "tf_saved_model").details["variables"] is False


def test_keras_needs_its_notes(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    refused(folder, "keras_saved_model", "keras_metadata.pb", "tf_saved_model")
    (folder / "keras_metadata.pb").touch()
    refused(folder, "keras_saved_model", "empty")
    (folder / "keras_metadata.pb").write_bytes(b"notes")
    assert inspect_model(folder, "keras_saved_model").details["keras_notes"] is True


def test_keras_models_from_before_tensorflow_2_5_pass(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved", extra=b'_tf_keras_model {"class_name": "Model"}')
    assert inspect_model(folder, "keras_saved_model").format == "keras_saved_model"


def test_hub_folders_of_both_kinds_pass(tmp_path: Path) -> None:
    assert inspect_model(write_saved_model(tmp_path / "two"), "tf_hub").format == "tf_hub"
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "tfhub_module.pb").write_bytes(b"\x08\x03")
    assert inspect_model(tmp_path / "one", "tf_hub").details["tf1_module"] is True


def test_a_frozen_graph_is_summarised(tmp_path: Path) -> None:
    path = tmp_path / "frozen.pb"
    path.write_bytes(graph_def("Placeholder", "Const", "Const", "MatMul"))
    summary = inspect_model(path, "tf_frozen_model")
    assert summary.details["ops"] == {"Const": 2, "MatMul": 1, "Placeholder": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b'node {\n  name: "x"\n}',
        b"{}",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        graph_def("Const")[:-3],
        graph_def(),
        field(1, field(1, b"nameless op")),
        field(1, field(1, b"\xff\xfe") + field(2, b"Const")),
        field(9, b"another message"),
    ],
)
def test_what_is_no_frozen_graph_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "frozen.pb"
    path.write_bytes(content)
    refused(path, "tf_frozen_model", "not a frozen TensorFlow graph")


def test_saved_model_pb_is_no_frozen_graph(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    refused(folder / "saved_model.pb", "tf_frozen_model", "SavedModel", "tf_saved_model")


@pytest.mark.parametrize("expected", ["tf_saved_model", "keras_saved_model", "tf_hub"])
def test_a_loop_of_links_is_not_followed(expected: Format, tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    (folder / "keras_metadata.pb").write_bytes(b"notes")
    (folder / "loop").symlink_to(folder)
    assert len(inspect_model(folder, expected).files) == 4
