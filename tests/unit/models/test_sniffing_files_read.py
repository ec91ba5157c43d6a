"""Which files belong to an input: those that it names, that are there, and that lie in its folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import layers_document, weight, write_model
from workflow.models.sniffing import input_digests, input_states, model_json, sighted

if TYPE_CHECKING:
    from pathlib import Path

KIND: Any = "tfjs_layers_model"


def write(folder: Path, *groups: list[Any]) -> Path:
    manifest = [{"paths": paths, "weights": [weight()]} for paths in groups]
    return write_model(folder, layers_document(weightsManifest=manifest), a=24, b=3, other=5)


@pytest.mark.parametrize("by_folder", [True, False])
def test_a_model_of_tensorflow_js_is_its_description_and_the_files_that_it_names(
    tmp_path: Path, *, by_folder: bool
) -> None:
    path = write(tmp_path / "m", ["b.bin"], ["a.bin", "b.bin"])
    given = path.parent if by_folder else path
    assert model_json(given) == path
    assert list(input_digests(given, KIND)) == ["a.bin", "b.bin", "model.json"]
    assert list(input_states(given, KIND)) == [path, path.parent / "b.bin", path.parent / "a.bin"]


def test_files_that_are_missing_or_elsewhere_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "outside.bin").write_bytes(b"secret")
    path = write(tmp_path / "m", ["gone.bin", "a.bin", "link.bin", "folder"])
    (path.parent / "link.bin").symlink_to(tmp_path / "outside.bin")
    (path.parent / "folder").mkdir()
    assert list(input_digests(path, KIND)) == ["a.bin", "model.json"]
    document = json.loads(path.read_text())
    document["weightsManifest"][0]["paths"] = ["../outside.bin"]
    path.write_text(json.dumps(document))
    assert list(input_digests(path, KIND)) == ["model.json"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"weightsManifest": 3}', '{"weightsManifest": [{"paths": ["a\\u0000b"]}]}']
)
def test_of_a_description_that_is_none_it_alone_counts(text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "m", ["a.bin"])
    path.write_text(text)
    assert list(input_digests(path, KIND)) == ["model.json"]


def test_where_there_is_no_description_there_is_nothing(tmp_path: Path) -> None:
    assert dict(input_digests(tmp_path, KIND)) == {}
    assert input_states(tmp_path / "gone.json", KIND) == {}


def test_names_are_read_again_when_the_description_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "m", ["a.bin"])
    before = input_digests(path, KIND)
    path.write_text(path.read_text().replace("a.bin", "other.bin"))
    assert list(input_digests(path, KIND)) == ["model.json", "other.bin"]
    assert list(before) == ["a.bin", "model.json"]


def test_other_models_are_a_file_or_all_files_of_a_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "m", ["a.bin"])
    assert list(input_digests(path, "keras")) == ["model.json"]
    assert sorted(input_digests(path.parent, "tf_saved_model")) == ["a.bin", "b.bin", "model.json", "other.bin"]


@pytest.mark.parametrize("name", ["é", "模型", "\\u00e9"])
def test_a_description_of_another_format_is_looked_into(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(f'{{"format": "{name}"}}', encoding="utf-8")
    assert sighted(path).formats == ()
