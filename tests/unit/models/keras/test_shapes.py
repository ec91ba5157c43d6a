"""The shape that each layer gives, by Keras's own rules: a row for every layer, option and open size that counts."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.models.keras.shapes import output_shapes, sides, spatial

Shape = tuple[int | None, ...]

FIRST = {"data_format": "channels_first"}
LSTM = {"class_name": "LSTM", "config": {"units": 4, "return_sequences": True}}
CELL = {"class_name": "LSTMCell", "config": {"units": 4}}
CONV = {"filters": 5, "kernel_size": [3, 2], "strides": [2, 1]}
WIDE = {**CONV, "dilation_rate": [1, 3], "strides": [1, 1]}
MOVIE = {"filters": 5, "kernel_size": [3, 3], "padding": "same"}
SAME = (
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU", "Softmax", "Dropout", "SpatialDropout1D"),
    *("GaussianNoise", "GaussianDropout", "AlphaDropout", "BatchNormalization", "LayerNormalization", "Masking"),
    "Rescaling",
)
ROWS: list[Any] = [
    *((name, {}, [(None, 3, None)], [(None, 3, None)]) for name in SAME),
    ("Dense", {"units": 7}, [(None, 4, 3)], [(None, 4, 7)]),
    ("Embedding", {"output_dim": 6}, [(None, 4)], [(None, 4, 6)]),
    ("Conv1D", {"filters": 5, "kernel_size": 3}, [(None, 9, 2)], [(None, 7, 5)]),
    ("Conv1D", {"filters": 5, "kernel_size": [3], "padding": "causal", "strides": 2}, [(None, 9, 2)], [(None, 5, 5)]),
    ("Conv2D", CONV, [(None, 9, 8, 2)], [(None, 4, 7, 5)]),
    ("Conv2D", {**CONV, "padding": "same"}, [(None, 9, 8, 2)], [(None, 5, 8, 5)]),
    ("Conv2D", WIDE, [(2, None, 8, 2)], [(2, None, 5, 5)]),
    ("Conv2D", {**CONV, **FIRST}, [(None, 2, 9, 8)], [(None, 5, 4, 7)]),
    ("Conv3D", {"filters": 5, "kernel_size": [1, 2, 3]}, [(None, 4, 5, 6, 1)], [(None, 4, 4, 4, 5)]),
    ("SeparableConv2D", CONV, [(None, 9, 8, 2)], [(None, 4, 7, 5)]),
    ("DepthwiseConv2D", {"kernel_size": [3, 3], "depth_multiplier": 2}, [(None, 9, 8, 3)], [(None, 7, 6, 6)]),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": None, **FIRST}, [(1, 3, 9, 8)], [(1, 3, 7, 6)]),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, [(1, 9, 8, None)], [(1, 7, 6, None)]),
    ("Conv2DTranspose", CONV, [(None, 4, 7, 2)], [(None, 9, 8, 5)]),
    ("Conv2DTranspose", {**CONV, "padding": "same"}, [(None, 4, None, 2)], [(None, 8, None, 5)]),
    ("Conv2DTranspose", {**CONV, "kernel_size": [1, 2], **FIRST}, [(None, 2, 4, 7)], [(None, 5, 8, 8)]),
    ("Conv3DTranspose", {"filters": 5, "kernel_size": 2, "strides": 2}, [(1, 2, 3, 4, 1)], [(1, 4, 6, 8, 5)]),
    *(
        (f"{kind}Pooling{rank}D", config, [(None, *[9] * rank, 3)], [(None, *[size] * rank, 3)])
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
        for config, size in (
            ({}, 4),
            ({"pool_size": 3, "strides": None}, 3),
            ({"pool_size": 3, "strides": 2}, 4),
            ({"pool_size": 3, "strides": 2, "padding": "same"}, 5),
            ({"pool_size": [2] * rank, "dilation_rate": 5}, 4),
        )
    ),
    ("MaxPooling2D", {"pool_size": [2, 4], **FIRST}, [(None, 3, 8, 9)], [(None, 3, 4, 2)]),
    *((f"Global{kind}Pooling1D", {}, [(None, 9, 3)], [(None, 3)]) for kind in ("Max", "Average")),
    *((f"Global{kind}Pooling2D", {}, [(None, 9, 8, 3)], [(None, 3)]) for kind in ("Max", "Average")),
    ("GlobalMaxPooling2D", FIRST, [(None, 3, 9, 8)], [(None, 3)]),
    ("Flatten", {}, [(None, 4, 5, 2)], [(None, 40)]),
    ("Flatten", {}, [(3, None, 5)], [(3, None)]),
    ("Reshape", {"target_shape": [2, -1, 3]}, [(None, 4, 6)], [(None, 2, 4, 3)]),
    ("Reshape", {"target_shape": [2, None]}, [(None, None, 6)], [(None, 2, None)]),
    ("Reshape", {"target_shape": [8, 3]}, [(None, 4, 6)], [(None, 8, 3)]),
    ("Reshape", {"target_shape": [-1, 0]}, [(None, 4, 6)], [(None, None, 0)]),
    ("Permute", {"dims": [2, 1, 3]}, [(None, 4, 5, 6)], [(None, 5, 4, 6)]),
    ("RepeatVector", {"n": 3}, [(None, 4)], [(None, 3, 4)]),
    ("ZeroPadding2D", {"padding": [[1, 2], [3, 4]]}, [(None, 5, 6, 2)], [(None, 8, 13, 2)]),
    ("ZeroPadding2D", {}, [(None, 5, None, 2)], [(None, 7, None, 2)]),
    ("ZeroPadding2D", {"padding": [1, 2], **FIRST}, [(None, 2, 5, 6)], [(None, 2, 7, 10)]),
    ("Cropping2D", {"cropping": [[1, 2], [1, 0]]}, [(None, 5, 6, 2)], [(None, 2, 5, 2)]),
    ("Cropping2D", {}, [(None, 5, 6, 2)], [(None, 5, 6, 2)]),
    ("UpSampling2D", {"size": [2, 3]}, [(None, 5, None, 2)], [(None, 10, None, 2)]),
    ("UpSampling2D", {}, [(None, 5, 6, 2)], [(None, 10, 12, 2)]),
    ("CategoryEncoding", {"num_tokens": 9}, [(None, 4)], [(None, 9)]),
    *(
        (name, {}, [(None, 4, 3), (None, 1, 3)], [(None, 4, 3)])
        for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")
    ),
    ("Add", {}, [(None, 3), (None, 4, 3)], [(None, 4, 3)]),
    ("Add", {}, [(None, None, 3), (None, 4, 3)], [(None, 4, 3)]),
    ("Add", {}, [(None, 1), (None, 1)], [(None, 1)]),
    ("Add", {}, [(None, None, 3), (None, 1, 3)], [(None, None, 3)]),
    ("Concatenate", {}, [(None, 4, 3), (None, 4, 2)], [(None, 4, 5)]),
    ("Concatenate", {"axis": 1}, [(None, 4, 3), (None, 2, 3)], [(None, 6, 3)]),
    ("Concatenate", {"axis": 1}, [(None, None, 3), (None, 2, 3)], [(None, None, 3)]),
    ("Concatenate", {"axis": 3}, [(None, 4, 3), (None, 4, 3)], [None]),
    ("Concatenate", {"axis": -4}, [(None, 4, 3), (None, 4, 3)], [None]),
    ("Concatenate", {"axis": -3}, [(2, 4, 3), (2, 4, 3)], [(4, 4, 3)]),
    ("Concatenate", {}, [(None, 4, 3), (None, 4)], [None]),
    ("Dot", {"axes": 1}, [(None, 4), (None, 4)], [(None, 1)]),
    ("Dot", {"axes": [2, 1]}, [(None, 4, 3), (None, 3, 5)], [(None, 4, 5)]),
    ("Dot", {"axes": -1}, [(None, 4, 3), (None, 5, 3)], [(None, 4, 5)]),
    ("LSTM", {"units": 4}, [(None, 9, 3)], [(None, 4)]),
    ("LSTM", {"units": 4, "return_sequences": True}, [(None, 9, 3)], [(None, 9, 4)]),
    ("LSTM", {"units": 4, "return_state": True}, [(None, 9, 3)], [(None, 4)] * 3),
    ("GRU", {"units": 4, "return_state": True, "return_sequences": True}, [(2, 9, 3)], [(2, 9, 4), (2, 4)]),
    ("SimpleRNN", {"units": 4, "return_state": True}, [(None, 9, 3)], [(None, 4)] * 2),
    ("RNN", {"cell": CELL, "return_state": True}, [(None, 9, 3)], [(None, 4)] * 3),
    ("RNN", {"cell": {**CELL, "class_name": "GRUCell"}, "return_state": True}, [(None, 9, 3)], [(None, 4)] * 2),
    ("ConvLSTM2D", {**MOVIE, "return_state": True}, [(None, 6, 8, 9, 2)], [(None, 8, 9, 5)] * 3),
    ("ConvLSTM2D", {**MOVIE, "return_sequences": True}, [(None, 6, 8, 9, 2)], [(None, 6, 8, 9, 5)]),
    ("Bidirectional", {"layer": LSTM}, [(None, 9, 3)], [(None, 9, 8)]),
    ("Bidirectional", {"layer": LSTM, "merge_mode": "sum"}, [(None, 9, 3)], [(None, 9, 4)]),
    ("Bidirectional", {"layer": LSTM, "merge_mode": None}, [(None, 9, 3)], [(None, 9, 4)] * 2),
    (
        "Bidirectional",
        {"layer": {"class_name": "GRU", "config": {"units": 4, "return_state": True}}},
        [(None, 9, 3)],
        [(None, 8), (None, 4), (None, 4)],
    ),
    (
        "TimeDistributed",
        {"layer": {"class_name": "Conv2D", "config": CONV}},
        [(None, 6, 9, 8, 2)],
        [(None, 6, 4, 7, 5)],
    ),
    ("TimeDistributed", {"layer": {"class_name": "Odd", "config": {}}}, [(None, 6, 9)], [None]),
    ("Odd", {}, [(None, 6, 9)], [None]),
]


@pytest.mark.parametrize(("name", "config", "given", "wanted"), ROWS, ids=str)
def test_a_layer_gives_the_shape_that_it_gives_in_keras(
    name: str, config: dict[str, Any], given: list[Shape], wanted: list[Shape | None]
) -> None:
    assert output_shapes(name, config, inputs=given) == wanted


@pytest.mark.parametrize("name", ["Dense", "Add", "LSTM", "TimeDistributed", "Concatenate"])
def test_of_an_unknown_shape_nothing_is_told(name: str) -> None:
    config = {"units": 4, "layer": {"class_name": "Dense", "config": {"units": 2}}}
    assert output_shapes(name, config, inputs=[None]) == [None]


@pytest.mark.parametrize("name", ["Add", "Concatenate", "Dot"])
def test_where_one_of_several_shapes_is_unknown_so_is_the_result(name: str) -> None:
    assert output_shapes(name, {"axes": 1}, inputs=[(None, 3), None]) == [None]


@pytest.mark.parametrize("name", ["Dense", "LSTM", "Bidirectional"])
def test_a_layer_that_is_given_nothing_gives_nothing_known(name: str) -> None:
    assert output_shapes(name, {"units": 4, "layer": LSTM}, inputs=[]) == [None]


@pytest.mark.parametrize(
    ("value", "rank", "wanted"),
    [(1, 2, [(1, 1)] * 2), ([1, 2], 2, [(1, 1), (2, 2)]), ([[1, 2], [3, 4]], 2, [(1, 2), (3, 4)]), ((1,), 1, [(1, 1)])],
)
def test_the_sides_of_each_axis(value: Any, rank: int, wanted: list[tuple[int, int]]) -> None:
    assert sides(value, rank) == wanted


@pytest.mark.parametrize("value", [[1], [[1, 2, 3], [1, 2]], "ab", [[1, 2], ["a", 2]], 1.5, [[True, 1], [1, 1]]])
def test_what_is_no_number_for_each_side_is_refused(value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        sides(value, 2)
    assert str(caught.value) == f"{value!r} does not give 2 times two numbers"


def test_one_number_stands_for_all_axes() -> None:
    assert spatial({"size": 3}, "size", rank=2) == spatial({"size": [3]}, "size", rank=2) == [3, 3]
    assert spatial({"size": None}, "size", rank=2) == [1, 1]
    assert spatial({}, "size", rank=3, default=2) == [2, 2, 2]
    assert spatial({"size": (2, 3)}, "size", rank=2) == [2, 3]
    with pytest.raises(TypeError) as caught:
        spatial({"size": [2, True]}, "size", rank=2)
    assert str(caught.value) == "size is [2, True]"
