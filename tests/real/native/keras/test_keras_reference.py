"""The same bytes as the reference converter, wherever what it writes loads and is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.native.keras.judging import converted
from workflow.base.errors import DeclinedError
from workflow.base.processes import run

if TYPE_CHECKING:
    from workflow.catalogue.options import OptionValue

pytestmark = pytest.mark.real

SAME = (
    *("bn", "conv1", "conv2_valid", "conv3", "conv2t", "conv3t", "depthwise", "dense_3d", "embedding", "frozen"),
    *("global_average2", "gru", "lstm_options", "rnn_cell", "both_concat", "convlstm", "each_conv", "each_model"),
    *("ln", "mask_two", "max2", "merges", "nested_several", "nested_twice", "prelu_shared", "shared_layer", "states"),
)
"""Models whose weights the two write alike, in names, order, shards and manifest."""

WAYS: dict[str, tuple[list[str], dict[str, OptionValue]]] = {
    "plain": ([], {}),
    "uint8": (["--quantize_uint8=*"], {"quantize_uint8": ["*"]}),
    "uint16": (["--quantize_uint16=*"], {"quantize_uint16": ["*"]}),
    "float16": (["--quantize_float16=*"], {"quantize_float16": ["*"]}),
    "split": (["--split_weights_by_layer"], {"split_weights_by_layer": True}),
    "shards": (["--weight_shard_size_bytes=101"], {"weight_shard_size_bytes": 101}),
}


@pytest.fixture(scope="module")
def references(gallery: Path, converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("references")
    kinds = ["--input_format=keras", "--output_format=tfjs_layers_model"]
    jobs = [
        [*kinds, *flags, str(gallery / name / "m.h5"), str(folder / way / name)]
        for way, (flags, _) in WAYS.items()
        for name in SAME
    ]
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    script = Path(__file__).with_name("reference_conversion.py")
    done = run([str(converter_python), str(script), str(folder / "jobs.json")])
    assert done.code == 0, done.stderr[-2000:]
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "model.json"}


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("way", list(WAYS))
def test_shards_manifest_and_topology_are_those_of_the_reference(
    way: str, references: Path, gallery: Path, tmp_path: Path
) -> None:
    compared = 0
    for name in SAME:
        reference = references / way / name
        if not reference.exists():
            continue
        ours = tmp_path / name
        changes = converted(gallery / name / "m.h5", ours, **WAYS[way][1])
        if name != "shared_layer":
            assert files(ours) == files(reference), name
            assert document(ours)["weightsManifest"] == document(reference)["weightsManifest"], name
        if not changes:
            assert (ours / "model.json").read_bytes() == (reference / "model.json").read_bytes(), name
        compared += 1
    assert compared >= 18


def test_files_of_strangers_come_out_as_from_the_reference(
    corpus: Path, converter_python: Path, tmp_path: Path
) -> None:
    sources = {path.parent.name: path for path in sorted((corpus / "h5").glob("*/*")) if "keras2" in path.parent.name}
    kinds = ["--input_format=keras", "--output_format=tfjs_layers_model"]
    jobs = [[*kinds, str(path), str(tmp_path / "reference" / name)] for name, path in sources.items()]
    (tmp_path / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    script = Path(__file__).with_name("reference_conversion.py")
    assert run([str(converter_python), str(script), str(tmp_path / "jobs.json")]).code == 0
    same = 0
    for name, path in sources.items():
        try:
            converted(path, tmp_path / "ours" / name)
        except DeclinedError:
            continue
        assert files(tmp_path / "ours" / name) == files(tmp_path / "reference" / name), name
        same += 1
    assert same >= 4
