"""A layers model on its way to Keras: the order of its weights, what is put right, and each refusal whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import dense, given, graph, layer, numbers, row
from tests.unit.conversion.native.keras.test_to_keras import layers_model, made
from workflow.base.errors import DeclinedError, ModelFileError
from workflow.conversion.native.keras.keras_order import layers_in_order, weights_in_order
from workflow.conversion.native.keras.layers_source import open_layers_model
from workflow.conversion.native.keras.to_keras import layers_to_keras

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Arrays, Config

DAMAGED = "The topology is damaged: convert the model again."
OTHERS = "The weights are those of another model, or the manifest is damaged: convert the model again."
DENSE = {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2)}


def names(entry: Config) -> list[tuple[str, bool]]:
    name = entry["config"]["name"]
    return [] if entry["class_name"] == "InputLayer" else [(f"{name}/state", False), (f"{name}/kernel", True)]


@pytest.mark.parametrize(
    ("frozen", "wanted"),
    [
        ({}, ["warm/kernel", "warm/state", "cold/kernel", "cold/state"]),
        ({"trainable": True}, ["warm/kernel", "warm/state", "cold/kernel", "cold/state"]),
        ({"trainable": False}, ["warm/kernel", "warm/state", "cold/kernel", "cold/state"]),
    ],
)
def test_the_weights_of_a_model_are_ordered_by_what_is_trained(frozen: dict[str, bool], wanted: list[str]) -> None:
    inside = row(dense("warm", 1), dense("cold", 1, trainable=False), name="inside")
    inside["config"].update(frozen)
    assert weights_in_order(inside, names) == wanted
    whole = row(inside, dense("last", 1))
    late = ["last/kernel"]
    first = wanted[:1] if frozen.get("trainable", True) else []
    assert weights_in_order(whole, names) == [
        *first,
        *late,
        *[name for name in wanted if name not in first],
        "last/state",
    ]


def test_a_layer_that_is_frozen_lists_what_it_could_train_first() -> None:
    assert weights_in_order(dense("cold", 1, trainable=False), names) == ["cold/kernel", "cold/state"]
    assert weights_in_order(dense("warm", 1), names) == ["warm/kernel", "warm/state"]


def wired(outputs: Any, **nodes: Any) -> Config:
    """Return a graph of dense layers with these calls."""
    layers = [{**dense(name, 1), "name": name, "inbound_nodes": inbound} for name, inbound in nodes.items()]
    found = graph(*layers, inputs=[], outputs=[])
    found["config"]["output_layers"] = outputs
    return found


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (wired([["gone", 0, 0]]), "the topology names a layer that it does not have"),
        (wired([["a", 0, 0]], a=[[["gone", 0, 0, {}]]]), "the topology names a layer that it does not have"),
        (wired([["a", 1, 0]], a=[[["b", 0, 0, {}]]], b=[]), "the topology names a call that a layer does not have"),
        (
            wired([["a", 0, 0]], a=[[["b", 0, 0, {}]]], b=[[["a", 0, 0, {}]]]),
            "the layers of a model follow each other in a circle",
        ),
    ],
)
def test_a_topology_that_cannot_be_followed_is_refused(model: Config, message: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        layers_in_order(model)
    assert (caught.value.message, caught.value.hint) == (message, DAMAGED)


def test_a_layer_with_two_calls_stands_where_the_further_one_is() -> None:
    calls = {"a": [], "b": [[["a", 0, 0, {}]], [["c", 0, 0, {}]]], "c": [[["b", 0, 0, {}]]], "d": [[["b", 1, 0, {}]]]}
    model = wired([["d", 0, 0], ["a", 0, 0]], **dict(reversed(calls.items())))
    assert [entry["name"] for entry in layers_in_order(model)] == ["a", "b", "c", "d"]


def refusal(folder: Path, config: Any, weights: Arrays, **changes: Any) -> tuple[str, str]:
    folder.mkdir(exist_ok=True)
    source = layers_model(folder / "m", config, weights)
    if changes:
        path = source / "model.json"
        document = json.loads(path.read_text())
        document["weightsManifest"][0]["weights"][0].update(changes)
        path.write_text(json.dumps(document))
    with pytest.raises((ModelFileError, DeclinedError)) as caught:
        made(source, layers_to_keras, "m.h5")
    assert not (folder / "m.h5").exists()
    error: Any = caught.value
    said = (error.reason, error.route) if isinstance(error, DeclinedError) else (error.message, error.hint)
    return said[0].replace(str(source), "MODEL"), said[1]


RNN = layer("RNN", "r", cell={"class_name": "Mine", "config": {"units": 1}})
REFUSED: list[tuple[str, Any, Arrays, str, str]] = [
    (
        "a weight lacking",
        row(given([None, 3]), dense()),
        {"dense/kernel": numbers(3, 2)},
        "the weight 'dense/bias' is not in the manifest",
        OTHERS,
    ),
    (
        "a weight too many",
        row(given([None, 3]), dense()),
        {**DENSE, "ghost/kernel": numbers(1)},
        "the manifest has 3 weights, and the layers of the model use 2 of them",
        "The weights are those of another model: convert the model again.",
    ),
    (
        "options that make no sense",
        row(given([None, 3]), layer("Dense", "dense")),
        DENSE,
        "the options of layer 'dense' make no sense ('units')",
        "The topology is damaged.",
    ),
    (
        "a class that is not known",
        row(given([None, 3]), layer("Mine", "m")),
        {},
        "layer 'm': nothing is known of its class 'Mine'",
        "reference",
    ),
    (
        "a cell that is not known",
        row(given([None, 4, 3]), RNN),
        {},
        "layer 'r': nothing is known of its class 'RNN'",
        "reference",
    ),
    (
        "no cell",
        row(given([None, 4, 3]), layer("RNN", "r")),
        {},
        "layer 'r': nothing is known of its class 'RNN'",
        "reference",
    ),
    (
        "a layer inside that is not known",
        row(given([None, 4, 3]), layer("TimeDistributed", "t", layer=layer("Mine", "m"))),
        {},
        "layer 't': nothing is known of its class 'Mine'",
        "reference",
    ),
    (
        "a layer inside without a config",
        row(given([None, 3]), layer("TimeDistributed", "t", layer={"class_name": 3, "config": {}})),
        {},
        "MODEL: a layer of the model has no config",
        OTHERS,
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=[case[0] for case in REFUSED])
def test_a_model_that_cannot_become_a_keras_file_is_refused_with_why(case: Any, tmp_path: Path) -> None:
    _, config, weights, message, hint = case
    assert refusal(tmp_path, config, weights) == (message, hint)


def test_weights_that_no_layer_could_use_are_refused(tmp_path: Path) -> None:
    weights = {"dense/kernel": np.zeros((3, 2), np.float32), "dense/bias": numbers(2)}
    assert refusal(tmp_path, row(given([None, 3]), dense()), weights, dtype="complex64", shape=[3]) == (
        "the weight 'dense/kernel' holds no numbers that a layer could use",
        OTHERS,
    )


def test_what_tensorflow_js_wrote_is_put_as_keras_2_reads_it(tmp_path: Path) -> None:
    cell = layer("GRUCell", "c", units=2, kernel_initializer={"class_name": "LeCunNormal", "config": {}})
    rnn = layer("RNN", "r", cell=cell, return_sequences=True, units=2, activation="tanh")
    step = layer("TimeDistributed", "t", layer=layer("GRU", "g", units=1))
    layers = [given([None, 4, 5, 3]), rnn, step, layer("GRU", "kept", units=1, reset_after=True)]
    with open_layers_model(layers_model(tmp_path / "m", {"class_name": "Sequential", "config": layers}, {})) as model:
        config = model.config["config"]
    assert config["name"] == "sequential"
    _, first, second, third = config["layers"]
    own = {"name": "r", "trainable": True, "dtype": "float32", "return_sequences": True}
    of_keras = {"module": "keras.layers", "registered_name": None}
    initializer = {"class_name": "LecunNormal", "config": {}}
    inside = {**cell["config"], "kernel_initializer": initializer, "reset_after": False}
    assert first["config"] == {**own, "cell": {**of_keras, "class_name": "GRUCell", "config": inside}}
    assert {**second["config"]["layer"], **of_keras} == second["config"]["layer"]
    assert second["config"]["layer"]["config"]["reset_after"] is False
    assert third["config"]["reset_after"] is True


def test_a_model_of_another_class_is_declined(tmp_path: Path) -> None:
    source = layers_model(tmp_path / "m", {"class_name": "Mine", "config": {"layers": []}}, {})
    with pytest.raises(DeclinedError) as caught, open_layers_model(source):
        pass
    assert caught.value.reason == f"{source}: the model is of the class 'Mine'"


def test_a_weight_by_its_longer_name_is_found_where_it_is_the_only_one(tmp_path: Path) -> None:
    lstm = layer("LSTM", "l", units=2, use_bias=False)
    weights = {"l/lstm_cell/kernel": numbers(3, 8), "l/lstm_cell/recurrent_kernel": numbers(2, 8)}
    source = layers_model(tmp_path / "m", row(given([None, 4, 3]), lstm), weights)
    with h5py.File(made(source, layers_to_keras, "m.h5")) as file:
        assert list(file["model_weights/l"].attrs["weight_names"]) == [f"{name}:0".encode() for name in weights]
    twice = {**weights, "l/other/kernel": numbers(3, 8)}
    assert refusal(tmp_path / "twice", row(given([None, 4, 3]), lstm), twice)[0] == (
        "the weight 'l/kernel' is not in the manifest"
    )


def test_weights_that_their_layers_cannot_hold_are_refused_as_they_are_in_tensorflow_js(tmp_path: Path) -> None:
    separable = layer("SeparableConv2D", "apart", filters=2, kernel_size=[3, 3], use_bias=False)
    weights = {"apart/depthwise_kernel": numbers(3, 3, 3, 2), "apart/pointwise_kernel": numbers(1, 1, 6, 2)}
    message, hint = refusal(tmp_path, row(given([None, 8, 8, 3]), separable), weights)
    told = "the weight 'apart/depthwise_kernel' has the shape (3, 3, 3, 2), and its layer, by its options, one of "
    assert message == f"{told}(3, 3, any, 1)"
    assert hint is not None
    assert "depthMultiplier" in hint
