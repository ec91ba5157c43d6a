from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.models.models import layers_document, write_archive, write_h5, write_model
from tests.unit.models.refusals import refused
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3156272\n"
OTHER_FILES = {
    "lfs": (POINTER, ("git-LFS pointer", "3,156,272", "git lfs pull")),
    "empty": (b"", ("is empty",)),
    "html": (b"\n<!DOCTYPE html><html>", ("web page",)),
    "gzip": (b"\x1f\x8b\x08\x00", ("gzip",)),
    "tflite": (b"\x1c\0\0\0TFL3", ("TensorFlow Lite",)),
    "lf": (b"\x89HDF\n\x1a\n" + bytes(50), ("line ends", ".gitattributes")),
    "crlf": (b"\x89HDF\r\r\n\x1a\r\n" + bytes(50), ("line ends",)),
    "utf8": (b"\xef\xbf\xbdHDF\r\n\x1a\n" + bytes(50), ("line ends",)),
    "other": (b"\x01\x02\x03", ("01 02 03",)),
}


@pytest.mark.parametrize("kind", OTHER_FILES)
@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model.json"])
def test_other_contents_are_recognised_under_any_name(kind: str, name: str, tmp_path: Path) -> None:
    content, words = OTHER_FILES[kind]
    path = tmp_path / name
    path.write_bytes(content)
    for expected in ("keras", "keras_keras", "tfjs_layers_model", "tfjs_graph_model"):
        refused(path, expected, *words)


def test_an_archive_under_an_h5_name_is_recognised(tmp_path: Path) -> None:
    refused(write_archive(tmp_path / "model.h5"), "keras", "zip archive", "keras_keras")


def test_hdf5_under_a_keras_name_is_recognised(tmp_path: Path) -> None:
    refused(write_h5(tmp_path / "model.keras"), "keras_keras", "HDF5", "`keras`")


def test_hdf5_under_a_keras_name_passes_as_what_it_is(tmp_path: Path) -> None:
    assert inspect_model(write_h5(tmp_path / "model.keras"), "keras").details["weights"] == 2


def test_json_where_hdf5_is_needed_is_recognised(tmp_path: Path) -> None:
    refused(write_model(tmp_path, layers_document()), "keras", "JSON", "tfjs_layers_model")


def test_hdf5_behind_a_user_block_is_hdf5(tmp_path: Path) -> None:
    import h5py  # noqa: PLC0415  as in models.py

    path = write_h5(tmp_path / "plain.h5")
    with h5py.File(tmp_path / "model.h5", "w", userblock_size=1024) as file, h5py.File(path) as plain:
        file.attrs.update(plain.attrs)
        plain.copy("model_weights", file)
    assert inspect_model(tmp_path / "model.h5", "keras").format == "keras"
