"""Files beside a model that it does not name: told as orphans, unless they are named in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import layers_document, weight, write_model
from workflow.models.weights_manifest import read_groups
from workflow.verification.manifests import Orphans, named_in_broken_json, orphans

if TYPE_CHECKING:
    from pathlib import Path


SHARD, ODD = "group10-shard10of12.bin", "group1-shardXof2.bin"


def found(folder: Path, paths: list[str], *beside: str) -> Orphans:
    document = layers_document(weightsManifest=[{"paths": paths, "weights": [weight()]}])
    path = write_model(folder / "m", document)
    for name in beside:
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_bytes(bytes(4))
    return orphans(read_groups(document, path), path)


@pytest.mark.parametrize(
    ("paths", "beside", "wanted"),
    [
        (["a.bin"], (), Orphans()),
        (["a.bin"], ("b.bin", "group1-shard1of1", "notes.txt"), Orphans(("group1-shard1of1",), ("b.bin",))),
        (["a.bin"], (SHARD, "group1-shard2of2.bin"), Orphans(("group1-shard2of2.bin", SHARD))),
        (["a.bin"], (ODD, "xgroup1-shard1of1", "group1-shard1of1.txt"), Orphans((), (ODD,))),
        (["./a.bin"], (), Orphans()),
        (["sub/../a.bin"], ("sub/b.bin",), Orphans()),
        (["gone.bin"], (), Orphans((), ("a.bin",))),
        (["a.bin"], ("other.json", "b.bin"), Orphans()),
        (["a.bin"], ("m.tfjs-workflow.json", "b.bin"), Orphans((), ("b.bin",))),
    ],
)
def test_files_that_nothing_names_are_told(paths: list[str], beside: Any, wanted: Orphans, tmp_path: Path) -> None:
    assert found(tmp_path, paths, *beside) == wanted


def test_a_folder_with_the_name_of_weights_is_none(tmp_path: Path) -> None:
    (tmp_path / "m" / "b.bin").mkdir(parents=True)
    assert found(tmp_path, ["a.bin"]) == Orphans()


ENTRY = '{"name": "w", "quantization": {"dtype": "uint8", "min": MIN}}'
DOCUMENT = '{"weightsManifest": [{"weights": [{"name": "v", "quantization": {"min": 1.5}}, ENTRY]}]}'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (DOCUMENT.replace("ENTRY", ENTRY).replace("MIN", "NaN"), "w"),
        (DOCUMENT.replace("ENTRY", ENTRY).replace("MIN", "-Infinity"), "w"),
        (DOCUMENT.replace("ENTRY", ENTRY).replace("MIN", "1"), ""),
        (DOCUMENT.replace("ENTRY", '{"quantization": {"min": NaN}}'), ""),
        (DOCUMENT.replace("ENTRY", '{"name": NaN}'), ""),
        ('{"other": NaN}', ""),
        ('{"weightsManifest": [3, {"weights": 3}, {"weights": [3, {"quantization": 3}]}], "x": NaN}', ""),
        ("[NaN]", ""),
        ("{", ""),
    ],
)
def test_the_weight_whose_entry_holds_no_number_is_named(text: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    assert named_in_broken_json(path) == name


def test_of_a_file_that_is_not_there_nothing_is_named(tmp_path: Path) -> None:
    assert named_in_broken_json(tmp_path / "model.json") == ""
