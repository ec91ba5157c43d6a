"""The first level: files beside a model that it does not name, and weights whose entries are no JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification.models import layers_document, save, weights
from workflow.models.weights_manifest import WeightGroup
from workflow.verification.evidence import Finding
from workflow.verification.requests import Subject
from workflow.verification.structure import _with_weight, check

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.evidence import LevelReport

SHARD, OTHER, ODD = "group10-shard10of12.bin", "group1-shard2of2", "group1-shardXof2.bin"


def checked(folder: Path, paths: list[str], *beside: str) -> LevelReport:
    made = save(folder / "made", layers_document(), weights(), shard=1 << 20)
    model = folder / "m"
    model.mkdir(exist_ok=True)
    (made / "group1-shard1of1.bin").rename(model / "a.bin")
    document = json.loads((made / "model.json").read_text())
    document["weightsManifest"][0]["paths"] = paths
    (model / "model.json").write_text(json.dumps(document))
    for name in beside:
        (model / name).parent.mkdir(exist_ok=True)
        (model / name).write_bytes(bytes(4))
    return check(Subject(model, "tfjs_layers_model"))


@pytest.mark.parametrize("beside", [(SHARD,), (OTHER, SHARD), (OTHER, "b.bin")])
def test_shards_that_no_group_names_are_a_fault(beside: tuple[str, ...], tmp_path: Path) -> None:
    found = checked(tmp_path, ["a.bin"], *beside)
    names = [name for name in beside if name != "b.bin"]
    assert found.status == "failed"
    assert [(one.text, one.subject, one.look) for one in found.findings] == [
        (
            f"the weight file {name} lies beside model.json and belongs to none of its weight groups",
            name,
            str(tmp_path / "m"),
        )
        for name in names
    ]


@pytest.mark.parametrize(
    ("paths", "beside", "told"),
    [
        (["a.bin"], (), []),
        (["a.bin"], ("b.bin", "notes.txt"), ["b.bin"]),
        (["a.bin"], (ODD, "xgroup1-shard1of1", "group1-shard1of1.txt"), [ODD]),
        (["./a.bin"], (), []),
        (["a.bin"], ("other.json", "b.bin"), []),
        (["a.bin"], ("m.tfjs-workflow.json", "b.bin"), ["b.bin"]),
    ],
)
def test_other_files_of_weights_are_told(paths: list[str], beside: Any, told: list[str], tmp_path: Path) -> None:
    found = checked(tmp_path, paths, *beside)
    assert found.status == "passed"
    assert list(found.remarks) == [f"{name} belongs to no weight group of model.json" for name in told]


def test_a_folder_with_the_name_of_weights_is_none(tmp_path: Path) -> None:
    (tmp_path / "m" / "b.bin").mkdir(parents=True)
    assert checked(tmp_path, ["a.bin"]).remarks == ()


ENTRY = '{"name": "w", "quantization": {"dtype": "uint8", "min": MIN}}'
DOCUMENT = '{"weightsManifest": [{"weights": [{"name": "v", "quantization": {"min": 1.5}}, ENTRY]}]}'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (DOCUMENT.replace("ENTRY", ENTRY).replace("MIN", "NaN"), "w"),
        (DOCUMENT.replace("ENTRY", ENTRY).replace("MIN", "-Infinity"), "w"),
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
    (finding,) = check(Subject(path, "tfjs_layers_model")).findings
    assert finding.subject == name
    assert finding.text.startswith(f"{name}: {path}" if name else str(path))
    assert finding.remedy


@pytest.mark.parametrize(("lacking", "cut"), [(1, -1), (0, None)])
def test_a_file_that_is_a_byte_short_cuts_its_last_weight_off(tmp_path: Path, lacking: int, cut: int | None) -> None:
    made = save(tmp_path / "made", layers_document(), weights(), shard=1 << 20)
    shard = made / "group1-shard1of1.bin"
    shard.write_bytes(shard.read_bytes()[: -lacking or None])
    texts = [one.text for one in check(Subject(made, "tfjs_layers_model")).findings]
    names = [one["name"] for one in json.loads((made / "model.json").read_text())["weightsManifest"][0]["weights"]]
    assert [text.rpartition("; ")[2] for text in texts] == (
        [] if cut is None else [f"the weight {names[cut]} is cut off"]
    )


def test_a_file_that_ends_with_a_weight_cuts_the_next_one_off(tmp_path: Path) -> None:
    made = save(tmp_path / "made", layers_document(), weights(), shard=1 << 20)
    entries = json.loads((made / "model.json").read_text())["weightsManifest"][0]["weights"]
    first = 4 * int(np.prod(entries[0]["shape"]))
    shard = made / "group1-shard1of1.bin"
    shard.write_bytes(shard.read_bytes()[:first])
    (found,) = check(Subject(made, "tfjs_layers_model")).findings
    assert found.text.endswith(f"the weight {entries[1]['name']} is cut off")


def test_a_sound_model_is_told_by_its_files_bytes_and_weights(tmp_path: Path) -> None:
    made = save(tmp_path / "m", layers_document(), weights(), shard=128)
    files = list(made.iterdir())
    found = check(Subject(made, "tfjs_layers_model"))
    size = sum(file.stat().st_size for file in files)
    assert (found.status, found.facts) == ("passed", {"files": len(files), "bytes": size, "weights": 6})
    assert found.seconds > 0


def test_a_fault_of_bytes_that_names_no_file_is_told_as_it_is(tmp_path: Path) -> None:
    groups = (WeightGroup(("a.bin",), ()),)
    assert _with_weight("something is odd", groups, tmp_path / "model.json") == Finding(
        "something is odd", look=str(tmp_path / "model.json")
    )
    assert _with_weight("a.bin is odd", groups, tmp_path / "model.json") == Finding(
        "a.bin is odd", subject="a.bin", look=str(tmp_path / "a.bin")
    )
