"""The names under which an archive keeps the weights of layers: counted by class, as Keras counts them."""

from __future__ import annotations

import pytest

from workflow.models.keras.archive_layout import Counter


def test_layers_of_one_class_are_numbered_from_nothing() -> None:
    counter = Counter()
    names = [counter.take(name) for name in ("Dense", "Conv2D", "Dense", "Dense", "mine>Dense", "Conv2D")]
    assert names == ["dense", "conv2d", "dense_1", "dense_2", "dense_3", "conv2d_1"]


def test_what_is_skipped_is_counted() -> None:
    counter = Counter()
    counter.skip("Dense")
    assert counter.take("Dense") == "dense_1"
    counter.skip("mine>Dense")
    counter.skip("Dense")
    assert counter.take("Dense") == "dense_4"


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("InputLayer", "input_layer"),
        ("BatchNormalization", "batch_normalization"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("LSTM", "lstm"),
        ("ConvLSTM2D", "conv_lstm2d"),
        ("PReLU", "p_re_lu"),
        ("GRU", "gru"),
    ],
)
def test_a_class_is_written_small_with_lines_between_its_words(class_name: str, name: str) -> None:
    assert Counter().take(class_name) == name
