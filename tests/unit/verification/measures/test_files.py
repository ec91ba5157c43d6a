from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.verification.measures.models import write_model
from workflow.base.errors import ModelFileError
from workflow.verification.measures.files import Payload, artifact_files, payload

if TYPE_CHECKING:
    from pathlib import Path


def test_model_json_comes_first_and_strangers_do_not_come_at_all(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", b"12", b"3")
    (model / "notes.txt").write_text("not fetched")
    assert [path.name for path in artifact_files(model)] == [
        "model.json",
        "group1-shard1of2.bin",
        "group1-shard2of2.bin",
    ]


def test_a_single_file_is_its_own_artifact(tmp_path: Path) -> None:
    file = tmp_path / "keras.h5"
    file.write_bytes(b"abc")
    assert artifact_files(file) == (file,)


def test_a_shard_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    model = write_model(tmp_path / "m", b"1", names=("inside.bin",))
    (model / "model.json").write_text('{"weightsManifest": [{"paths": ["../secret"], "weights": []}]}')
    with pytest.raises(ModelFileError, match="leads out of the model"):
        artifact_files(model)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", b"1", names=("gone.bin",))
    (model / "gone.bin").unlink()
    with pytest.raises(ModelFileError, match=r"gone\.bin"):
        artifact_files(model)


def test_a_path_that_is_not_there_is_an_error_and_not_an_empty_artifact(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        artifact_files(tmp_path / "nothing")


def test_the_payload_counts_requests_and_bytes(tmp_path: Path) -> None:
    found = payload(write_model(tmp_path / "m", b"12", b"345"))
    assert (found.rest, found.requests) == ((2, 3), 3)
    assert found.bytes == found.first + 5


def test_cutting_keeps_every_byte() -> None:
    whole = Payload(10, (700, 300))
    assert whole.cut(None) == Payload(10, (1000,))
    assert whole.cut(400) == Payload(10, (400, 400, 200))
    assert whole.cut(500) == Payload(10, (500, 500))
    assert Payload(10, ()).cut(5) == Payload(10, ())
