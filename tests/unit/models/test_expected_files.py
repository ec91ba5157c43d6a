from __future__ import annotations

import os
from typing import TYPE_CHECKING, get_args

import pytest

from tests.unit.models.models import layers_document, write_h5, write_model, write_saved_model
from tests.unit.models.refusals import refused
from workflow.catalogue.formats import Format
from workflow.models.inspection import _INSPECTORS

if TYPE_CHECKING:
    from pathlib import Path

FORMATS: tuple[Format, ...] = get_args(Format)
FOLDERS: tuple[Format, ...] = ("keras_saved_model", "tf_saved_model", "tf_hub")
FILES: tuple[Format, ...] = ("keras", "keras_keras", "tf_frozen_model")


def test_every_format_has_an_inspector() -> None:
    assert set(_INSPECTORS) == set(FORMATS)


@pytest.mark.parametrize("expected", FORMATS)
def test_a_missing_file_is_named_with_its_nearest_neighbour(expected: Format, tmp_path: Path) -> None:
    (tmp_path / "model1.h5").touch()
    refused(tmp_path / "model.h5", expected, "does not exist", "Did you mean", "model1.h5")


def test_a_missing_folder_is_pointed_out(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere" / "model.h5", "keras", "no folder", "nowhere")


@pytest.mark.parametrize("expected", FILES)
def test_a_folder_is_no_model_file(expected: Format, tmp_path: Path) -> None:
    refused(tmp_path, expected, "is a folder")


@pytest.mark.parametrize("expected", FOLDERS)
def test_a_file_is_no_saved_model(expected: Format, tmp_path: Path) -> None:
    refused(write_h5(tmp_path / "model.h5"), expected, "is a file", "HDF5")


def test_a_saved_model_is_recognised_where_a_file_is_expected(tmp_path: Path) -> None:
    refused(write_saved_model(tmp_path / "saved"), "keras", "SavedModel folder", "tf_saved_model")


def test_a_folder_without_model_json_names_the_json_files_in_it(tmp_path: Path) -> None:
    write_model(tmp_path, layers_document()).rename(tmp_path / "other.json")
    refused(tmp_path, "tfjs_layers_model", "other.json")


def test_saved_model_pb_in_place_of_its_folder_is_pointed_out(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "saved")
    refused(folder / "saved_model.pb", "tf_saved_model", "Give the folder")


def test_a_dangling_link_names_its_target(tmp_path: Path) -> None:
    (tmp_path / "model.h5").symlink_to(tmp_path / "gone.h5")
    refused(tmp_path / "model.h5", "keras", "link", "gone.h5")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("expected", ["keras", "tfjs_layers_model"])
def test_a_named_pipe_is_not_waited_for(expected: Format, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.h5")
    refused(tmp_path / "model.h5", expected, "not a regular file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5")
    path.chmod(0)
    refused(path, "keras", "cannot be read")


@pytest.mark.parametrize("name", ["a\0b.h5", "x" * 5000])
def test_impossible_names_are_refused(name: str, tmp_path: Path) -> None:
    refused(tmp_path / name, "keras")
