from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import brotli
import pytest

from tests.unit.verification.measures.models import write_model
from workflow.base.errors import ModelFileError
from workflow.verification.measures.artifact_sizes import Payload, artifact_files, measure_sizes, payload

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


def test_sizes_are_those_of_the_files_compressed_one_by_one(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", bytes(100_000), os.urandom(1_500_000))
    files = [path.read_bytes() for path in sorted(model.iterdir())]
    found = measure_sizes(model)
    assert (found.files, found.raw) == (3, sum(map(len, files)))
    assert found.gzip == sum(len(gzip.compress(content, 6, mtime=0)) for content in files)
    assert found.brotli == sum(len(brotli.compress(content, quality=5)) for content in files)


def test_zeros_shrink_and_noise_does_not(tmp_path: Path) -> None:
    zeros, noise = tmp_path / "zeros.h5", tmp_path / "noise.h5"
    zeros.write_bytes(bytes(100_000))
    noise.write_bytes(os.urandom(100_000))
    assert measure_sizes(zeros).gzip < 500
    assert measure_sizes(noise).gzip > 99_000
