"""Models in the words of Keras 3 alone; that Keras 3 computes the same is tried in ``tests/real/conversions``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.conversion.native.keras.files import called, given, graph, layer, row
from workflow.base.errors import DeclinedError
from workflow.conversion.native.keras.keras3_words import in_keras3_words
from workflow.models.keras.dialect import HARD_SIGMOID, as_keras2

Config = dict[str, Any]


def only(config: Config) -> Config:
    found: Config = in_keras3_words(row(given([None, 4]), config))["config"]["layers"][1]["config"]
    return found


@pytest.mark.parametrize("key", ["activation", "recurrent_activation"])
def test_the_hard_sigmoid_that_is_meant_is_written_out(key: str) -> None:
    assert only(layer("LSTM", "l", units=2, **{key: "hard_sigmoid"}))[key] == HARD_SIGMOID


def test_it_is_written_out_inside_of_wrappers_too() -> None:
    held = layer("GRU", "g", units=2, recurrent_activation="hard_sigmoid")
    found = only(layer("Bidirectional", "b", layer=held))
    assert found["layer"]["config"]["recurrent_activation"] == HARD_SIGMOID


def test_what_is_given_stays_as_it_was() -> None:
    config = row(given([None, 4]), layer("LSTM", "l", units=2, activation="hard_sigmoid"))
    in_keras3_words(config)
    assert config["config"]["layers"][1]["config"]["activation"] == "hard_sigmoid"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (layer("Dense", "a/b", units=2), "'a/b' \\(Dense\\): Keras 3 takes no layer names with a slash"),
        (layer("Softmax", "s", axis=[1, 2]), "'s' \\(Softmax\\): over several axes"),
        (layer("LayerNormalization", "n", axis=[1, 2]), "'n' \\(LayerNormalization\\): over several axes"),
        (layer("TimeDistributed", "t", layer=layer("Softmax", "s", axis=[1, 2])), "'s' \\(Softmax\\)"),
    ],
)
def test_what_keras_3_has_not_is_declined_by_name(made: Config, told: str) -> None:
    with pytest.raises(DeclinedError, match=told):
        in_keras3_words(row(given([None, 4]), made))


def test_calls_and_results_of_models_inside_are_counted_as_keras_3_counts_them_and_read_back() -> None:
    inner = row(given([None, 4]), layer("Dense", "d", units=2), name="inner")
    pair = [called(given([None, 4], name="j")), called(layer("ReLU", "r"), ["j"])]
    config = graph(
        called(given([None, 4], name="i")),
        called(inner, ["i"]),
        called(graph(*pair, inputs=["j"], outputs=["r"], name="other"), ["i"]),
        called(layer("Dense", "e", units=2), ["inner"]),
        called(layer("Dense", "f", units=2), ["other"]),
        inputs=["i"],
        outputs=[],
    )
    config["config"]["output_layers"] = ends = [["e", 0, 0], ["inner", 1, 0], ["other", 1, 0]]
    by_name = {entry["name"]: entry for entry in config["config"]["layers"]}
    by_name["e"]["inbound_nodes"] = from_one = [[["inner", 1, 0, {}]]]
    by_name["f"]["inbound_nodes"] = [[["other", 1, 0, {}]]]
    found = in_keras3_words(config)
    calls = {entry["name"]: entry["inbound_nodes"] for entry in found["config"]["layers"]}
    assert calls["e"] == [[["inner", 0, 0, {}]]]
    assert calls["f"] == [[["other", 0, 0, {}]]]
    assert found["config"]["output_layers"] == [["e", 0, 0], ["inner", 0, 0], ["other", 1, 0]]
    read = as_keras2({**found, "module": "keras"}, "3.15.1")[0]["config"]
    assert {entry["name"]: entry["inbound_nodes"] for entry in read["layers"]}["e"] == from_one
    assert read["output_layers"] == ends


def test_states_are_given_by_name() -> None:
    config = graph(
        called(given([None, 3, 4], name="i")),
        called(given([None, 2], name="h")),
        called(layer("GRU", "g", units=2), ["i", "h"]),
        inputs=["i", "h"],
        outputs=["g"],
    )
    (node,) = in_keras3_words(config)["config"]["layers"][2]["inbound_nodes"]
    histories = [tensor["config"]["keras_history"] for tensor in (*node["args"], *node["kwargs"]["initial_state"])]
    assert histories == [["i", 0, 0], ["h", 0, 0]]
