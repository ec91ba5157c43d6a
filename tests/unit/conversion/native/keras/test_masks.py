"""Masks: kept where TensorFlow.js heeds them as Keras does, kept away where it would heed another layer's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.conversion.native.keras.files import classes, converted, dense, given, layer, numbers, row, whole_file
from workflow.base.errors import DeclinedError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Config

WORDS = layer("Embedding", "words", input_dim=5, output_dim=3, mask_zero=True)


def lstm(name: str, inputs: int, **options: bool) -> tuple[Config, dict[str, dict[str, object]]]:
    entry = layer("LSTM", name, units=2, activation="tanh", recurrent_activation="sigmoid", use_bias=False, **options)
    return entry, {name: {f"{name}/kernel": numbers(inputs, 8), f"{name}/recurrent_kernel": numbers(2, 8)}}


def result(tmp_path: Path, *layers: tuple[Config, dict[str, dict[str, object]]]) -> Config:
    weights = {"words": {"words/embeddings": numbers(5, 3)}}
    for _, arrays in layers:
        weights.update(arrays)  # type: ignore[arg-type]
    config = row(given([None, 4], dtype="int32"), WORDS, *[entry for entry, _ in layers])
    return converted(whole_file(tmp_path / "m.h5", config, weights))[0]


def test_a_mask_that_reaches_its_layer_on_both_sides_is_left_alone(tmp_path: Path) -> None:
    config = result(tmp_path, lstm("one", 3, return_sequences=True), lstm("two", 2))
    assert classes(config) == ["InputLayer", "Embedding", "LSTM", "LSTM"]


def test_a_layer_without_a_mask_is_kept_from_that_of_another(tmp_path: Path) -> None:
    config = result(tmp_path, lstm("one", 3), (layer("RepeatVector", "again", n=3), {}), lstm("two", 2))
    assert classes(config) == ["InputLayer", "Embedding", "LSTM", "RepeatVector", "Masking", "LSTM"]


def test_softmax_takes_a_form_that_knows_no_masks(tmp_path: Path) -> None:
    config = result(tmp_path, lstm("one", 3), (layer("Softmax", "soft", axis=-1), {}))
    assert classes(config)[-1] == "Activation"


ZEROS = "it gives zeros at the steps that its mask leaves out, and TensorFlow.js does not"


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (layer("GlobalAveragePooling1D", "x"), ""),
        (layer("Bidirectional", "x", merge_mode="concat", layer=lstm("inner", 3, return_sequences=True)[0]), ZEROS),
        (lstm("x", 3, return_sequences=True, zero_output_for_mask=True)[0], ZEROS),
    ],
)
def test_a_layer_that_heeds_its_mask_otherwise_is_declined(tmp_path: Path, entry: Config, why: str) -> None:
    with pytest.raises(DeclinedError, match=rf"layer 'x' \({entry['class_name']}\): .*{why}"):
        result(tmp_path, (entry, {}))


def test_a_mask_that_tensorflow_js_drops_on_the_way_is_declined(tmp_path: Path) -> None:
    with pytest.raises(DeclinedError, match=r"layer 'one'.*mask"):
        result(tmp_path, (layer("LeakyReLU", "leaky", alpha=0.1), {}), lstm("one", 3))


def test_without_masks_nothing_of_this_matters(tmp_path: Path) -> None:
    config = row(
        given([None, 4, 3]), layer("LeakyReLU", "leaky", alpha=0.1), layer("Softmax", "soft", axis=-1), dense("d", 2)
    )
    weights = {"d": {"d/kernel": numbers(3, 2), "d/bias": numbers(2)}}
    converted_config, _, changes = converted(whole_file(tmp_path / "m.h5", config, weights))
    assert classes(converted_config) == ["InputLayer", "LeakyReLU", "Softmax", "Dense"]
    assert changes == []
