"""Keras HDF5 files: names, order, and what is no model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import (
    called,
    classes,
    converted,
    dense,
    given,
    graph,
    layer,
    numbers,
    row,
    whole_file,
)
from workflow.base.errors import DeclinedError, ModelFileError
from workflow.models.keras.whole_file import open_whole_file

if TYPE_CHECKING:
    from pathlib import Path


def two_layers(path: Path) -> Path:
    config = row(given([None, 3]), dense("zebra", 2), dense("ant", 1))
    zebra = {"zebra/kernel": numbers(3, 2), "zebra/bias": numbers(2)}
    ant = {"ant/kernel": numbers(2, 1), "ant/bias": numbers(1)}
    return whole_file(path, config, {"zebra": zebra, "ant": ant})


def test_an_unchanged_model_keeps_its_configuration_and_its_weights_the_order_of_the_file(tmp_path: Path) -> None:
    config, weights, changes = converted(two_layers(tmp_path / "m.h5"))
    assert config == row(given([None, 3]), dense("zebra", 2), dense("ant", 1))
    assert list(weights) == ["ant/kernel", "ant/bias", "zebra/kernel", "zebra/bias"]
    assert np.array_equal(weights["zebra/kernel"], numbers(3, 2))
    assert changes == []


def test_model_json_reads_as_the_references_does(tmp_path: Path) -> None:
    source = two_layers(tmp_path / "m.h5")
    converted(source)
    document = json.loads((tmp_path / "m.h5.layers" / "model.json").read_text(encoding="ascii"))
    assert list(document) == ["format", "generatedBy", "convertedBy", "modelTopology", "weightsManifest"]
    assert list(document["modelTopology"]) == ["keras_version", "backend", "model_config"]
    assert document["generatedBy"] == "keras v2.13.1"


def test_split_weights_go_into_one_group_for_each_layer(tmp_path: Path) -> None:
    converted(two_layers(tmp_path / "m.h5"), split_weights_by_layer=True)
    document = json.loads((tmp_path / "m.h5.layers" / "model.json").read_text(encoding="ascii"))
    assert [group["paths"] for group in document["weightsManifest"]] == [
        ["group1-shard1of1.bin"],
        ["group2-shard1of1.bin"],
    ]


def test_names_that_keras_split_are_put_together(tmp_path: Path) -> None:
    source = two_layers(tmp_path / "m.h5")
    with h5py.File(source, "r+") as file:
        group = file["model_weights/zebra"]
        del group.attrs["weight_names"]
        group.attrs["weight_names0"] = [b"zebra/kernel:0"]
        group.attrs["weight_names1"] = [b"zebra/bias:0"]
    assert list(converted(source)[1]) == ["ant/kernel", "ant/bias", "zebra/kernel", "zebra/bias"]


def test_a_layer_inside_the_group_of_another_is_found(tmp_path: Path) -> None:
    config = row(given([None, 3]), dense("Conv", 2), dense("Conv/Norm", 1))
    outer = {"Conv/kernel": numbers(3, 2), "Conv/bias": numbers(2)}
    inner = {"Conv/Norm/kernel": numbers(2, 1), "Conv/Norm/bias": numbers(1)}
    source = whole_file(tmp_path / "m.h5", config, {"Conv": outer, "Conv/Norm": inner})
    assert "Conv/Norm/kernel" in converted(source)[1]


def test_weights_under_another_scope_get_the_names_that_tensorflow_js_looks_for(tmp_path: Path) -> None:
    weights = {"dense": {"dense_1/kernel": numbers(3, 2), "dense_1/bias": numbers(2)}}
    source = whole_file(tmp_path / "m.h5", row(given([None, 3]), dense()), weights)
    assert list(converted(source)[1]) == ["dense/kernel", "dense/bias"]


def test_the_longer_names_of_recurrent_cells_are_kept(tmp_path: Path) -> None:
    lstm = layer("LSTM", "lstm", units=2, activation="tanh", recurrent_activation="sigmoid", use_bias=False)
    weights = {"lstm/lstm_cell/kernel": numbers(3, 8), "lstm/lstm_cell/recurrent_kernel": numbers(2, 8)}
    source = whole_file(tmp_path / "m.h5", row(given([None, 4, 3]), lstm), {"lstm": weights})
    assert list(converted(source)[1]) == list(weights)


def nested(path: Path) -> Path:
    inner = [
        graph(
            called(given([None, 3], "i"), *[]),
            called(dense("same", 3), ["i"]),
            inputs=["i"],
            outputs=["same"],
            name=name,
        )
        for name in ("first", "second")
    ]
    calls = [{**inner[0], "name": "first", "inbound_nodes": [[["g", 0, 0, {}]]]}]
    calls.append({**inner[1], "name": "second", "inbound_nodes": [[["first", 1, 0, {}]]]})
    config = graph(called(given([None, 3], "g"), *[]), *calls, inputs=["g"], outputs=["g"])
    config["config"]["output_layers"] = [["second", 1, 0]]
    same = {"same/kernel": numbers(3, 3), "same/bias": numbers(3)}
    return whole_file(path, config, {"first": same, "second": same})


def test_layers_of_one_name_in_two_models_are_told_apart(tmp_path: Path) -> None:
    config, weights, _ = converted(nested(tmp_path / "m.h5"))
    assert list(weights) == ["same/kernel", "same/bias", "same_1/kernel", "same_1/bias"]
    second = config["config"]["layers"][2]
    assert [entry["name"] for entry in second["config"]["layers"]] == ["i", "same_1"]
    assert second["config"]["output_layers"] == [["same_1", 0, 0]]
    assert second["inbound_nodes"] == [[["first", 1, 0, {}]]]


def test_weights_without_a_model_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file.create_group("dense")
    with pytest.raises(ModelFileError, match="weights without the topology"):
        converted(tmp_path / "m.h5")


def test_keras_1_is_refused(tmp_path: Path) -> None:
    source = whole_file(tmp_path / "m.h5", row(given([None, 3]), dense()), {}, version="1.2.0")
    with pytest.raises(ModelFileError, match=r"Keras 1\.2\.0"):
        converted(source)


def test_a_weight_of_another_shape_than_its_layer_is_refused(tmp_path: Path) -> None:
    weights = {"dense": {"dense/kernel": numbers(3, 5), "dense/bias": numbers(2)}}
    with pytest.raises(ModelFileError, match=r"'dense/kernel' has the shape \(3, 5\).*needs \(3, 2\)"):
        converted(whole_file(tmp_path / "m.h5", row(given([None, 3]), dense()), weights))


def test_a_missing_weight_is_refused(tmp_path: Path) -> None:
    source = two_layers(tmp_path / "m.h5")
    with h5py.File(source, "r+") as file:
        del file["model_weights/ant/ant/bias:0"]
    with pytest.raises(ModelFileError, match="'ant/bias:0' of /model_weights/ant is not in the file"):
        converted(source)


def test_kernels_of_the_theano_backend_are_declined(tmp_path: Path) -> None:
    conv = layer("Conv1D", "conv", filters=1, kernel_size=[2], padding="valid", activation="linear", use_bias=False)
    source = whole_file(tmp_path / "m.h5", row(given([None, 4, 1]), conv), {"conv": {"conv/kernel": numbers(2, 1, 1)}})
    with h5py.File(source, "r+") as file:
        file.attrs["backend"] = "theano"
    with pytest.raises(DeclinedError, match="theano"):
        converted(source)


def test_an_unknown_option_is_declined(tmp_path: Path) -> None:
    source = whole_file(tmp_path / "m.h5", row(given([None, 3]), dense(), dense("d", 2)), {})
    with pytest.raises(DeclinedError):
        converted(source, strip_debug_ops=True)


def test_dictionaries_of_inputs_and_outputs_become_lists_by_name(tmp_path: Path) -> None:
    layers = [called(given([None, 1], name), *[]) for name in ("b", "a")]
    config = graph(*layers, called(layer("Concatenate", "c", axis=-1), ["b", "a"]), inputs=["b", "a"], outputs=["c"])
    config["config"]["input_layers"] = {"two": ["b", 0, 0], "one": ["a", 0, 0]}
    result, _, _ = converted(whole_file(tmp_path / "m.h5", config, {}))
    assert result["config"]["input_layers"] == [["a", 0, 0], ["b", 0, 0]]
    assert classes(result) == ["InputLayer", "InputLayer", "Concatenate"]


FORMER = {"BatchNormalizationV1": "BatchNormalization", "UnifiedGRU": "GRU", "UnifiedLSTM": "LSTM"}


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("former", FORMER)
def test_classes_of_old_versions_have_the_names_of_today(former: str, tmp_path: Path, *, escaped: bool) -> None:
    path = whole_file(tmp_path / "m.h5", row(given([None, 4, 3]), layer(former, "x", units=2)), {})
    if escaped:
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = file.attrs["model_config"].replace(
                former, f"\\u{ord(former[0]):04x}{former[1:]}"
            )
    with open_whole_file(path) as file:
        assert classes(file.config) == ["InputLayer", FORMER[former]]
