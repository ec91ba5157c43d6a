from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.models import (
    Stored,
    document,
    entries,
    graph_node,
    numbers,
    quantized,
    read,
    rewrite,
    save,
    texts,
    topology,
)
from workflow.base.errors import ConversionError, DeclinedError, ModelFileError
from workflow.base.events import Recording

if TYPE_CHECKING:
    from pathlib import Path

CODES = np.array([[0, 7, 255], [128, 1, 2]], "uint8")


def shards(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("group*"))


def test_a_model_is_cut_anew_and_holds_the_same(small: Path, tmp_path: Path) -> None:
    facts = rewrite(small, tmp_path / "out", weight_shard_size_bytes=33)
    assert {name: array.tobytes() for name, array in numbers(tmp_path / "out").items()} == {
        name: array.tobytes() for name, array in numbers(small).items()
    }
    assert facts == {"weights": 3, "bytes": 180, "groups": 1, "shards": 6}
    assert shards(tmp_path / "out") == [f"group1-shard{i}of6.bin" for i in range(1, 7)]
    assert max(path.name for path in (tmp_path / "out").iterdir()) == "model.json"


def test_what_is_not_changed_stays_in_its_place(small: Path, tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "format": "layers-model",
        "generatedBy": "keras v2.15.0",
        "convertedBy": None,
        "trainingConfig": {"loss": "mse"},
        "userDefinedMetadata": {"a": 1},
        "something": ["else"],
    }
    weights = [
        Stored("dense/kernel", np.array([1, 2], "float32")),
        Stored("adam/m", np.array([3], "float32"), {"group": "optimizer"}),
    ]
    source = save(tmp_path / "in", [weights], **fields)
    before = json.loads((source / "model.json").read_text())
    rewrite(source, tmp_path / "out")
    after = document(tmp_path / "out")
    assert after == before
    assert list(after) == list(before)


def test_quantized_weights_keep_their_bytes_and_their_entries(tmp_path: Path) -> None:
    old = {"min": -0.1, "scale": 0.01, "dtype": "uint8"}  # as converters of 2018 wrote it
    weights = [Stored("a", CODES, {"dtype": "float32", "quantization": old}), quantized("b", CODES, low=-1, scale=0.5)]
    source = save(tmp_path / "in", [weights])
    rewrite(source, tmp_path / "out", weight_shard_size_bytes=5)
    assert entries(tmp_path / "out") == entries(source)
    content = b"".join((tmp_path / "out" / f"group1-shard{i}of3.bin").read_bytes() for i in (1, 2, 3))
    assert content == CODES.tobytes() * 2


def test_groups_stay_groups_and_old_names_get_the_new_ending(tmp_path: Path) -> None:
    groups = [[Stored("b/kernel", np.array([1], "float32"))], [Stored("a/kernel", np.array([2, 3], "float32"))]]
    source = save(tmp_path / "in", groups, suffix="")
    rewrite(source, tmp_path / "out")
    assert shards(tmp_path / "out") == ["group1-shard1of1.bin", "group2-shard1of1.bin"]
    assert list(entries(tmp_path / "out")) == ["b/kernel", "a/kernel"]


def test_weights_are_split_by_layer_in_the_order_in_which_layers_come(tmp_path: Path) -> None:
    names = ["z/kernel", "block/a/kernel", "z/bias", "lstm/lstm_cell/kernel", "block/a/bias"]
    weights = [Stored(name, np.array([len(name)], "float32")) for name in names]
    weights.append(Stored("adam/z", np.array([0], "float32"), {"group": "optimizer"}))
    source = save(tmp_path / "in", [weights], modelTopology=topology("z", "block/a", "lstm"))
    rewrite(source, tmp_path / "out", split_weights_by_layer=True)
    groups = [[entry["name"] for entry in group["weights"]] for group in document(tmp_path / "out")["weightsManifest"]]
    assert groups == [
        ["z/kernel", "z/bias"],
        ["block/a/kernel", "block/a/bias"],
        ["lstm/lstm_cell/kernel"],
        ["adam/z"],
    ]
    assert numbers(tmp_path / "out") == numbers(source)


def test_weights_are_put_together_when_splitting_is_refused_explicitly(tmp_path: Path) -> None:
    source = save(tmp_path / "in", [[Stored("a", np.array([1], "float32"))], [Stored("b", np.array([2], "float32"))]])
    rewrite(source, tmp_path / "out", split_weights_by_layer=False)
    assert shards(tmp_path / "out") == ["group1-shard1of1.bin"]


def test_every_dtype_passes_through(tmp_path: Path) -> None:
    weights = [
        Stored("flags", np.array([True, False, True], "bool")),
        texts("words", [b"", "ü".encode(), b"\xff\x00"]),
        Stored("complex", np.array([1 + 2j], "complex64")),
        Stored("scalar", np.array(3, "float32")),
        Stored("none", np.zeros((0, 2), "float32")),
        texts("no words", []),
        Stored("whole", np.array([[1], [2]], "int32")),
    ]
    source = save(tmp_path / "in", [weights], cut=7)
    rewrite(source, tmp_path / "out", weight_shard_size_bytes=11)
    assert str(read(tmp_path / "out")) == str(read(source))
    assert entries(tmp_path / "out") == entries(source)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
def test_only_floats_are_quantized_and_scalars_and_empty_ones_survive(tmp_path: Path, dtype: str) -> None:
    weights = [
        Stored("kernel", np.linspace(-1, 2, 50, dtype="float32")),
        Stored("whole", np.array([1], "int32")),
        texts("word", [b"x"]),
        Stored("scalar", np.array(0.5, "float32")),
        Stored("none", np.zeros((0, 2), "float32")),
        Stored("flag", np.array([True], "bool")),
    ]
    source = save(tmp_path / "in", [weights])
    wish: dict[str, Any] = {f"quantize_{dtype}": ["*"]}
    rewrite(source, tmp_path / "out", **wish)
    before, after = numbers(source), numbers(tmp_path / "out")
    assert {name for name, entry in entries(tmp_path / "out").items() if "quantization" in entry} == (
        {"kernel", "scalar"} | ({"none"} if dtype == "float16" else set())
    )
    for name, array in after.items():
        assert np.allclose(array, before[name], atol=0.007)


def test_a_quantized_model_is_restored(tmp_path: Path) -> None:
    weights = [
        quantized("a", CODES, low=-0.5, scale=0.1),
        quantized("steps", CODES, low=-3, scale=2, dtype="int32"),
        Stored("half", np.array([1.5, -2], "float16"), {"dtype": "float32", "quantization": {"dtype": "float16"}}),
        Stored("plain", np.array([9], "float32")),
    ]
    source = save(tmp_path / "in", [weights])
    rewrite(source, tmp_path / "out", dequantize=True)
    assert not any("quantization" in entry for entry in entries(tmp_path / "out").values())
    assert {name: array.tobytes() for name, array in numbers(tmp_path / "out").items()} == {
        name: array.tobytes() for name, array in numbers(source).items()
    }


def test_quantizing_to_the_dtype_that_is_there_keeps_the_bytes(small: Path, tmp_path: Path) -> None:
    rewrite(small, tmp_path / "one", quantize_uint8=["*"])
    rewrite(tmp_path / "one", tmp_path / "two", quantize_uint8=["*"], dequantize=True)
    assert entries(tmp_path / "two") == entries(tmp_path / "one")
    assert (tmp_path / "two/group1-shard1of1.bin").read_bytes() == (tmp_path / "one/group1-shard1of1.bin").read_bytes()


def test_a_quantized_weight_can_get_another_dtype(small: Path, tmp_path: Path) -> None:
    rewrite(small, tmp_path / "one", quantize_uint8=["*"])
    rewrite(tmp_path / "one", tmp_path / "two", quantize_uint16=["*/kernel"])
    found = entries(tmp_path / "two")
    assert found["dense/kernel"]["quantization"]["dtype"] == "uint16"
    assert found["dense/bias"]["quantization"]["dtype"] == "uint8"
    assert np.allclose(numbers(tmp_path / "one")["dense/kernel"], numbers(tmp_path / "two")["dense/kernel"], atol=1e-4)


def test_a_word_keeps_biases_in_float_also_when_they_are_quantized(small: Path, tmp_path: Path) -> None:
    facts = rewrite(small, tmp_path / "one", quantize_uint8=["*"], keep_float=["biases"])
    assert "quantization" not in entries(tmp_path / "one")["dense/bias"]
    assert facts["quantization"]["globs"][0]["left"]["is kept in float (biases)"] == ["dense/bias"]
    rewrite(small, tmp_path / "two", quantize_uint8=["*"])
    rewrite(tmp_path / "two", tmp_path / "three", keep_float=["biases"])
    assert "quantization" not in entries(tmp_path / "three")["dense/bias"]
    assert "quantization" in entries(tmp_path / "three")["dense/kernel"]


def test_metadata_is_merged(small: Path, tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text('{"x": [1]}')
    (tmp_path / "plain.json").write_text("3")
    source = save(tmp_path / "in", [[Stored("a", np.array([1], "float32"))]], userDefinedMetadata={"old": 1, "x": 2})
    files = {"x": str(tmp_path / "new.json"), "y": str(tmp_path / "plain.json")}
    rewrite(source, tmp_path / "out", metadata=files)
    assert document(tmp_path / "out")["userDefinedMetadata"] == {"old": 1, "x": {"x": [1]}, "y": 3}
    rewrite(small, tmp_path / "fresh", metadata=files)
    assert list(document(tmp_path / "fresh")) == ["userDefinedMetadata", "modelTopology", "weightsManifest"]


@pytest.mark.parametrize("text", ["{", '{"a": NaN}', "[" * 100_000, "\xff"])
def test_a_metadata_file_that_is_no_json_is_refused_before_anything_is_written(
    small: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="latin-1")
    with pytest.raises(ConversionError, match=r"bad\.json"):
        rewrite(small, tmp_path / "out", metadata={"x": str(tmp_path / "bad.json")})
    assert not (tmp_path / "out").exists()


def test_a_graph_keeps_its_signature_and_initializer(tmp_path: Path) -> None:
    weights = [
        Stored("w", np.array([1, 2, 3], "float32")),
        Stored("b", np.array([4, 5, 7], "float32")),
        Stored("axis", np.array(1, "int32")),
    ]
    graph = {"node": [graph_node("w", "Const"), graph_node("add", "BiasAdd", "w", "b")], "versions": {}}
    fields: dict[str, Any] = {"format": "graph-model", "signature": {"inputs": {}}, "modelInitializer": {"node": []}}
    source = save(tmp_path / "in", [weights], **fields, modelTopology=graph, initializerSignature={"outputs": {}})
    rewrite(source, tmp_path / "out", flavour="graph", quantize_uint8=["*"], keep_float=["biases"])
    before, after = json.loads((source / "model.json").read_text()), document(tmp_path / "out")
    assert {**after, "weightsManifest": 0} == {**before, "weightsManifest": 0}
    assert [name for name, entry in entries(tmp_path / "out").items() if "quantization" in entry] == ["w"]


def test_a_graph_has_no_layers_to_split_by(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="no layers to split"):
        rewrite(tmp_path, tmp_path / "out", flavour="graph", split_weights_by_layer=True)


def test_a_model_of_the_other_kind_is_refused(small: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is a layers model, and a graph model is needed"):
        rewrite(small, tmp_path / "out", flavour="graph")


def test_an_option_that_means_nothing_here_is_declined(small: Path, tmp_path: Path) -> None:
    with pytest.raises(DeclinedError, match="control_flow_v2") as caught:
        rewrite(small, tmp_path / "out", control_flow_v2=True)
    assert caught.value.route == "reference"


def test_the_listener_hears_of_every_byte(small: Path, tmp_path: Path) -> None:
    listener = Recording()
    rewrite(small, tmp_path / "out", listener=listener)
    assert listener.progress == [("weights", 140, 180), ("weights", 168, 180), ("weights", 180, 180)]


def test_a_model_json_may_have_another_name(small: Path, tmp_path: Path) -> None:
    (small / "model.json").rename(small / "net.json")
    rewrite(small / "net.json", tmp_path / "out")
    assert (tmp_path / "out/model.json").is_file()


def test_a_weight_with_nan_is_copied_but_not_quantized(tmp_path: Path) -> None:
    source = save(tmp_path / "in", [[Stored("dense/kernel", np.array([1, np.nan], "float32"))]])
    rewrite(source, tmp_path / "out")
    with pytest.raises(ConversionError, match="'dense/kernel' holds nan"):
        rewrite(source, tmp_path / "quantized", quantize_uint8=["*"])


def test_a_model_without_weights_has_no_files(tmp_path: Path) -> None:
    source = save(tmp_path / "in", [[]])
    assert rewrite(source, tmp_path / "out", quantize_uint8=["*"])["shards"] == 0
    assert document(tmp_path / "out")["weightsManifest"] == [{"paths": [], "weights": []}]
