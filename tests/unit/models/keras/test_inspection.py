from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from tests.unit.models.models import write_archive, write_h5
from tests.unit.models.refusals import refused
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path


def test_a_whole_model_is_summarised(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5")
    summary = inspect_model(path, "keras")
    assert summary.files == (path,)
    assert summary.bytes == path.stat().st_size
    assert summary.warnings == ()
    assert summary.details["layer_classes"] == {"Dense": 1}
    assert (summary.details["weights"], summary.details["weight_bytes"]) == (2, 32)


@pytest.mark.parametrize("marker", ["layer_names", "layer_names0"])
def test_weights_without_topology_say_how_to_go_on(marker: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs[marker] = [b"dense"]
    refused(tmp_path / "weights.h5", "keras", "without the topology", "load_weights", "model.save")


def test_weights_of_keras_3_are_no_model(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        file.create_group("layers/dense/vars")
    refused(tmp_path / "model.weights.h5", "keras", "without the topology")


def test_an_empty_hdf5_file_is_refused(tmp_path: Path) -> None:
    h5py.File(tmp_path / "model.h5", "w").close()
    refused(tmp_path / "model.h5", "keras", "nothing in it")


def test_a_data_set_is_no_model(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["states"] = [1, 2]
    refused(tmp_path / "data.h5", "keras", "no Keras model", "'states'")


def test_a_topology_without_weights_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights"]
    refused(path, "keras", "without its weights")


@pytest.mark.parametrize("kept", [9, 100, 0.5, 0.99])
def test_a_file_that_was_cut_short_is_refused(kept: float, tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5")
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    refused(path, "keras", "Get the file again")


def test_a_truncated_file_tells_both_lengths(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5")
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-100])
    refused(path, "keras", "cut short", f"{size - 100:,} bytes are there", f"{size:,}")


@pytest.mark.parametrize("config", ["", "no json", "[1]", "null", '{"class_name": "Sequential"}', "[" * 100_000])
def test_a_bad_topology_is_refused(config: str, tmp_path: Path) -> None:
    if len(config) > 60_000:
        config = config[:60_000]
    refused(write_h5(tmp_path / "model.h5", config=config), "keras", "model.h5")


def test_a_weight_that_is_listed_and_not_there_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/dense/dense/bias:0"]
    refused(path, "keras", "dense/bias:0", "not in the file")


def test_split_name_lists_are_read_and_warned_about(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        attributes = file["model_weights/dense"].attrs
        del attributes["weight_names"]
        attributes["weight_names0"], attributes["weight_names1"] = [b"dense/kernel:0"], [b"dense/bias:0"]
    summary = inspect_model(path, "keras")
    assert summary.details["weights"] == 2
    assert "tfjs#3806" in summary.warnings[0]


@pytest.mark.parametrize("version", ["1.2.0", "1.0.1", None])
def test_files_of_keras_1_are_refused(version: str | None, tmp_path: Path) -> None:
    refused(write_h5(tmp_path / "model.h5", version=version), "keras", "Keras", "Load it with Keras 2.0 to 2.2")


def test_files_of_keras_3_pass_with_a_warning(tmp_path: Path) -> None:
    summary = inspect_model(write_h5(tmp_path / "model.h5", version="3.7.0"), "keras")
    assert summary.details["keras_version"] == "3.7.0"
    assert "`engine: reference`, its layers model does not load" in summary.warnings[0]


def test_an_archive_is_summarised(tmp_path: Path) -> None:
    summary = inspect_model(write_archive(tmp_path / "model.keras"), "keras_keras")
    assert summary.details["keras_version"] == "2.13.1"
    assert summary.details["layers"] == 1
    assert summary.warnings == ()


@pytest.mark.parametrize("member", ["config", "metadata", "model"])
def test_an_archive_without_a_member_is_refused(member: str, tmp_path: Path) -> None:
    without: dict[str, Any] = {member: None}
    refused(write_archive(tmp_path / "model.keras", **without), "keras_keras", "it has no", member)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '{"class_name": 3}'])
def test_an_archive_with_a_bad_config_is_refused(text: str, tmp_path: Path) -> None:
    refused(write_archive(tmp_path / "model.keras", config=text), "keras_keras", "model.keras")


def test_an_archive_under_another_name_is_refused(tmp_path: Path) -> None:
    refused(write_archive(tmp_path / "model.zip"), "keras_keras", "does not end in .keras")


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "model.keras")
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, "keras_keras", "cut short or damaged")


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", bytes(33 << 20))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", "")
    refused(path, "keras_keras", "config.json", "claims 34.6 MB")


def test_a_member_that_claims_more_bytes_than_the_file_has_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    raw = bytearray(path.read_bytes())
    entry = raw.index(b"PK\x01\x02")  # the first member's place in the list at the end
    raw[entry + 20 : entry + 24] = (0xF0000000).to_bytes(4, "little")
    path.write_bytes(raw)
    refused(path, "keras_keras", "'config.json' would take more bytes than it has")
