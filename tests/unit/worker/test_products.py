from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workflow.worker.failure import JobError, describe
from workflow.worker.products import check

if TYPE_CHECKING:
    from pathlib import Path


def test_an_hdf5_file_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "good.h5").write_bytes(b"\x89HDF\r\n\x1a\n and more")
    assert check(str(tmp_path / "good.h5"), "keras") == {"files": 1, "bytes": 17}
    (tmp_path / "folder.h5").mkdir()
    with pytest.raises(JobError, match="did not write"):
        check(str(tmp_path / "folder.h5"), "keras")
    (tmp_path / "zip.h5").write_bytes(b"PK\x03\x04")
    with pytest.raises(JobError, match="something else"):
        check(str(tmp_path / "zip.h5"), "keras")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"modelTopology": {"a": 1}, "weightsManifest": [{"paths": ["gone.bin"], "weights": []}]}, "gone.bin"),
        ({"modelTopology": None, "weightsManifest": []}, "no topology"),
    ],
)
def test_a_model_json_must_have_a_topology_and_its_shards(tmp_path: Path, model: object, words: str) -> None:
    (tmp_path / "model.json").write_text(json.dumps(model))
    with pytest.raises(JobError, match=words):
        check(str(tmp_path), "tfjs_layers_model")


@pytest.mark.parametrize("target", ["tfjs_layers_model", "tfjs_graph_model", "keras_saved_model"])
def test_an_empty_folder_is_no_result(tmp_path: Path, target: str) -> None:
    with pytest.raises(JobError, match="did not write"):
        check(str(tmp_path), target)


def test_a_failure_is_described_with_the_causes_beneath_it() -> None:
    def fail() -> None:
        try:
            int("the cause")
        except ValueError:
            raise RuntimeError("the consequence")  # noqa: B904  as the converter's second attempt does

    with pytest.raises(RuntimeError) as caught:
        fail()
    found = describe(caught.value)
    assert (found["kind"], found["type"], found["message"]) == ("exception", "RuntimeError", "the consequence")
    assert found["causes"] == [{"type": "ValueError", "message": "invalid literal for int() with base 10: 'the cause'"}]
    assert describe(JobError("usage", "no"))["kind"] == "usage"
