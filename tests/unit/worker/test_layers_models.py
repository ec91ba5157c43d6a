"""What is put as Keras reads it in a layers model: resets of GRUs, and the names of recurrent weights."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.worker import layers_models


def described(names: list[str], *layers: dict[str, Any]) -> dict[str, Any]:
    weights = [{"name": name, "shape": [1], "dtype": "float32"} for name in names]
    return {
        "modelTopology": {"model_config": {"class_name": "Sequential", "config": {"layers": list(layers)}}},
        "weightsManifest": [{"paths": ["a.bin"], "weights": weights[:2]}, {"paths": [], "weights": weights[2:]}],
    }


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("lstm_1/lstm_cell_1/kernel", "lstm_1/kernel"),
        ("lstm_12/lstm_cell_34/recurrent_kernel", "lstm_12/recurrent_kernel"),
        ("gru_1/gru_cell_7/bias", "gru_1/bias"),
        ("simple_rnn/simple_rnn_cell_2/kernel", "simple_rnn/kernel"),
        ("both/forward_lstm/lstm_cell_4/kernel", "both/forward_lstm/kernel"),
        ("lstm/lstm_cell/kernel", "lstm/lstm_cell/kernel"),  # Keras finds it
        ("lstm/kernel", "lstm/kernel"),
        ("lstm_cell_1/kernel", "lstm_cell_1/kernel"),  # a layer that is called so
        ("dense_cell_1/cell_1/kernel", "dense_cell_1/cell_1/kernel"),
        ("lstm/my_lstm_cell_1/kernel", "lstm/my_lstm_cell_1/kernel"),
        ("lstm/lstm_cell_1/inner/kernel", "lstm/lstm_cell_1/inner/kernel"),
    ],
)
def test_numbered_cells_are_left_out_of_the_names_of_weights(stored: str, read: str) -> None:
    model = described(["dense/kernel", "dense/bias", stored])
    assert layers_models.put_as_keras_reads_it(model) is (stored != read)
    assert [one["name"] for group in model["weightsManifest"] for one in group["weights"]] == [
        "dense/kernel",
        "dense/bias",
        read,
    ]


def test_two_cells_of_one_layer_keep_their_names() -> None:
    names = ["rnn/lstm_cell_1/kernel", "rnn/lstm_cell_2/kernel"]
    model = described(names)
    assert layers_models.put_as_keras_reads_it(model) is False
    assert [one["name"] for one in model["weightsManifest"][0]["weights"]] == names


def test_a_name_that_is_taken_is_not_given_again() -> None:
    names = ["lstm/kernel", "lstm/lstm_cell_1/kernel"]
    model = described(names)
    assert layers_models.put_as_keras_reads_it(model) is False
    assert [one["name"] for one in model["weightsManifest"][0]["weights"]] == names


@pytest.mark.parametrize("kind", ["GRU", "GRUCell"])
def test_a_gru_that_does_not_say_when_it_resets_does_so_before(kind: str) -> None:
    within = {"class_name": "RNN", "config": {"cell": {"class_name": kind, "config": {"units": 2}}}}
    model = described([], {"class_name": kind, "config": {"units": 3}}, within)
    assert layers_models.put_as_keras_reads_it(model) is True
    alone, held = model["modelTopology"]["model_config"]["config"]["layers"]
    assert alone["config"] == {"units": 3, "reset_after": False}
    assert held["config"]["cell"]["config"] == {"units": 2, "reset_after": False}


@pytest.mark.parametrize("said", [True, False])
def test_what_says_so_itself_stays_as_it_is(*, said: bool) -> None:
    model = described([], {"class_name": "GRU", "config": {"units": 3, "reset_after": said}})
    assert layers_models.put_as_keras_reads_it(model) is False
    assert model["modelTopology"]["model_config"]["config"]["layers"][0]["config"]["reset_after"] is said


STRANGE: list[Any] = [[], {}, 3]


@pytest.mark.parametrize(
    "odd",
    [
        *({}, {"weightsManifest": None}, {"weightsManifest": [3, {"weights": [4, {"name": 5}]}]}),
        *({"weightsManifest": 5}, {"weightsManifest": [{"weights": 5}]}),
        *({"modelTopology": {"class_name": name, "config": {}}} for name in STRANGE),
    ],
)
def test_a_manifest_that_makes_no_sense_is_left_to_who_reads_it(odd: dict[str, Any]) -> None:
    assert layers_models.put_as_keras_reads_it(odd) is False
