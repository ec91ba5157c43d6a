"""Inputs of a model on their way to TensorFlow.js, and the notes on what was changed for it: whole sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.conversion.native.keras.files import (
    called,
    converted,
    dense,
    given,
    graph,
    layer,
    numbers,
    row,
    whole_file,
)
from workflow.base.errors import DeclinedError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Config

GRAPH = "model: the row of layers became a graph"
INNER = "2 weights named as TensorFlow.js looks for them (dense/kernel as dense_inner/kernel, for one)"
DENSE = {"dense": {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2)}}


def result(folder: Path, config: Config, weights: Any = None) -> tuple[Config, list[str]]:
    found, _, notes = converted(whole_file(folder / "m.h5", config, weights or {}))
    return found, notes


def reason(folder: Path, config: Config, weights: Any = None) -> str:
    with pytest.raises(DeclinedError) as caught:
        result(folder, config, weights)
    assert caught.value.route == "graph"
    return caught.value.reason


@pytest.mark.parametrize("option", ["sparse", "ragged"])
def test_inputs_of_other_kinds_are_declined(option: str, tmp_path: Path) -> None:
    entry = given([None, 3])
    entry["config"][option] = True
    assert reason(tmp_path, row(entry, dense()), DENSE) == (
        f"layer 'given' (InputLayer): {option}=True is not what TensorFlow.js can do"
    )


def test_an_input_is_written_as_tensorflow_js_reads_it(tmp_path: Path) -> None:
    entry = given([None, 3], name="_given", dtype="float16")
    entry["config"]["optional"] = False
    found, notes = result(tmp_path, row(entry, dense()), DENSE)
    entry = found["config"]["layers"][0]
    assert entry["class_name"] == "InputLayer"
    assert entry["config"] == {
        "batch_input_shape": [None, 3],
        "dtype": "float32",
        "sparse": False,
        "ragged": False,
        "name": "layer_given",
    }
    assert notes == ["_given: dtype and name written as TensorFlow.js reads it"]


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [("int64", "int32"), ("uint8", "int32"), ("float64", "float32"), ("bfloat16", "float32"), ("bool", "bool")],
)
def test_the_dtype_of_an_input_is_one_of_tensorflow_js(dtype: str, wanted: str, tmp_path: Path) -> None:
    found, notes = result(tmp_path, row(given([None, 3], dtype=dtype), dense()), DENSE)
    assert found["config"]["layers"][0]["config"]["dtype"] == wanted
    assert notes == ([] if dtype == wanted else ["given: dtype written as TensorFlow.js reads it"])


def test_an_activation_that_is_composed_is_told_and_named_after_its_layer(tmp_path: Path) -> None:
    found, notes = result(tmp_path, row(given([None, 3]), dense(activation="hard_silu")), DENSE)
    assert notes == [
        "dense: its activation hard_silu is computed by layers of its own, for TensorFlow.js has no such activation",
        GRAPH,
        INNER,
    ]
    layers = found["config"]["layers"]
    assert [layers[at]["config"]["name"] for at in (1, -1)] == ["dense_inner", "dense"]  # it is the model's output


def test_an_activation_layer_that_is_composed_takes_its_name(tmp_path: Path) -> None:
    config = row(given([None, 3]), layer("Activation", "act", activation="tanh_shrink"))
    found, notes = result(tmp_path, config)
    assert notes == [
        "act: its activation tanh_shrink is computed by layers of its own, for TensorFlow.js has no such activation",
        GRAPH,
    ]
    assert "act" in [entry["config"]["name"] for entry in found["config"]["layers"]]
    assert not any(entry["config"].get("activation") == "linear" for entry in found["config"]["layers"])


def test_an_activation_that_is_a_layer_is_told(tmp_path: Path) -> None:
    activation = {"class_name": "LeakyReLU", "config": {"alpha": 0.25, "name": "lr"}}
    found, notes = result(tmp_path, row(given([None, 3]), dense(activation=activation)), DENSE)
    assert notes == [
        "dense: its activation LeakyReLU is a layer of its own, for TensorFlow.js has no such activation",
        INNER,
    ]
    assert [entry["class_name"] for entry in found["config"]["layers"]] == ["InputLayer", "Dense", "LeakyReLU"]
    assert found["config"]["layers"][2]["config"]["alpha"] == 0.25


@pytest.mark.parametrize(
    ("activation", "named"),
    [("mine", "'mine'"), ({"class_name": "Mine", "config": {}}, "'Mine'"), ("x" * 70, f"'{'x' * 60}'")],
)
def test_an_activation_that_is_not_known_is_declined(activation: Any, named: str, tmp_path: Path) -> None:
    assert reason(tmp_path, row(given([None, 3]), dense(activation=activation)), DENSE) == (
        f"layer 'dense' (Dense): TensorFlow.js has no activation function {named}"
    )


BOTH = {"merge_mode": "concat"}


def lstm(name: str, *, backwards: bool, seed: int, **more: Any) -> Config:
    initializer = {"class_name": "GlorotUniform", "config": {"seed": seed, **more.pop("inside", {})}}
    options = {"units": 2, "go_backwards": backwards, "kernel_initializer": initializer, **more}
    return layer("LSTM", name, activation="tanh", recurrent_activation="sigmoid", use_bias=False, **options)


def both_ways(folder: Path, backward: Config) -> tuple[Config, list[str]]:
    entry = layer(
        "Bidirectional", "b", layer=lstm("forward_l", backwards=False, seed=1), backward_layer=backward, **BOTH
    )
    weights = {
        f"b/{way}_l/lstm_cell/{role}": numbers(*shape)
        for way in ("forward", "backward")
        for role, shape in (("kernel", (3, 8)), ("recurrent_kernel", (2, 8)))
    }
    return result(folder, row(given([None, 4, 3]), entry), {"b": weights})


def test_seeds_do_not_tell_the_two_ways_apart(tmp_path: Path) -> None:
    found, _ = both_ways(tmp_path, lstm("backward_l", backwards=True, seed=2))
    config = found["config"]["layers"][1]["config"]
    assert "backward_layer" not in config
    assert config["layer"]["config"]["name"] == "l"


@pytest.mark.parametrize(
    "backward",
    [
        lstm("backward_l", backwards=False, seed=1),
        lstm("backward_l", backwards=True, seed=1, units=3),
        lstm("backward_l", backwards=True, seed=1, inside={"scale": 2}),
        layer("GRU", "backward_l", units=2, go_backwards=True),
    ],
)
def test_another_layer_backwards_is_declined(backward: Config, tmp_path: Path) -> None:
    with pytest.raises(DeclinedError) as caught:
        both_ways(tmp_path, backward)
    assert caught.value.reason == "layer 'b' (Bidirectional): its backward_layer is another one than its layer"


def test_a_second_name_for_a_tensor_is_a_layer_that_changes_nothing(tmp_path: Path) -> None:
    config = graph(
        called(given([None, 3]), *[]), called(dense(), ["given"]), inputs=["given"], outputs=["dense", "dense"]
    )
    found, _ = result(tmp_path, config, DENSE)
    (again,) = [entry for entry in found["config"]["layers"] if entry["class_name"] == "Activation"]
    assert again["config"] == {
        "name": "dense_again",
        "trainable": True,
        "dtype": "float32",
        "activation": "linear",
    }
    assert again["inbound_nodes"] == [[["dense", 0, 0, {}]]]
