"""Configurations that TensorFlow.js writes, in the words that every Keras reads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.conversion.native.keras.files import called, dense, given, graph, layer, row
from workflow.conversion.native.keras.script_words import in_keras_words


def written(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a layer as they are written for Keras."""
    config: dict[str, Any] = in_keras_words(row(given([None, 4]), entry), "m.json")["config"]["layers"][1]["config"]
    return config


@pytest.mark.parametrize(
    ("class_name", "options", "wanted"),
    [
        ("ConvLSTM2D", {"implementation": None, "filters": 2}, {"filters": 2}),
        ("LSTM", {"implementation": 2, "time_major": False, "units": 2}, {"implementation": 2, "units": 2}),
        ("LSTM", {"time_major": True}, {"time_major": True}),
        ("SpatialDropout1D", {"rate": 0.2, "noise_shape": None, "seed": None}, {"rate": 0.2, "seed": None}),
        ("Dropout", {"rate": 0.2, "noise_shape": None}, {"rate": 0.2, "noise_shape": None}),
        ("DepthwiseConv2D", {"groups": 1, "kernel_size": 3}, {"kernel_size": 3}),
        ("DepthwiseConv2D", {"groups": 2}, {"groups": 2}),
        ("Conv2D", {"groups": 1}, {"groups": 1}),
        ("Reshape", {"target_shape": [2, None]}, {"target_shape": [2, -1]}),
        ("Reshape", {"target_shape": [2, 3]}, {"target_shape": [2, 3]}),
        ("GRU", {"units": 2}, {"units": 2, "reset_after": False}),
        ("GRU", {"units": 2, "reset_after": True}, {"units": 2, "reset_after": True}),
    ],
)
def test_words_that_not_every_keras_knows_are_left_out_where_they_say_nothing(
    class_name: str, options: dict[str, Any], wanted: dict[str, Any]
) -> None:
    found = written(layer(class_name, "one", **options))
    assert {key: value for key, value in found.items() if key not in ("name", "trainable", "dtype")} == wanted


def test_spatial_dropout_does_not_say_whether_it_is_trained() -> None:
    assert "trainable" not in written(layer("SpatialDropout2D", "one", rate=0.2))
    assert written(layer("Dropout", "one", rate=0.2))["trainable"] is True


def test_a_layer_inside_another_one_says_that_it_is_of_keras() -> None:
    held = written(layer("TimeDistributed", "steps", layer=dense("inside")))["layer"]
    assert (held["module"], held["registered_name"], held["class_name"]) == ("keras.layers", None, "Dense")


@pytest.mark.parametrize(("class_name", "wanted"), [("Sequential", "Sequential"), ("Functional", "Model")])
def test_a_model_inside_another_layer_has_the_name_under_which_every_keras_finds_it(
    class_name: str, wanted: str
) -> None:
    inside = {**row(given([None, 4]), dense("inside")), "class_name": class_name}
    held = written(layer("TimeDistributed", "steps", layer=inside))["layer"]
    assert (held["module"], held["registered_name"], held["class_name"]) == ("keras", None, wanted)


def test_a_model_inside_another_one_gives_its_one_result_and_no_list_of_it() -> None:
    def inside(*outputs: str) -> dict[str, Any]:
        parts = [given([None, 4], "start"), called(dense("a"), ["start"]), called(dense("b"), ["start"])]
        return graph(*parts, inputs=["start"], outputs=list(outputs), name="inside")

    for outputs, wanted in ((("a",), ["a", 0, 0]), (("a", "b"), [["a", 0, 0], ["b", 0, 0]])):
        model = in_keras_words(row(given([None, 4]), inside(*outputs)), "m.json")
        assert model["config"]["layers"][1]["config"]["output_layers"] == wanted
        assert in_keras_words(inside(*outputs), "m.json")["config"]["output_layers"] == [[o, 0, 0] for o in outputs]
