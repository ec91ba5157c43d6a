"""The options with which a layer may stay what it is: for each of them what passes, and what declines the model."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from workflow.models.keras.allowed import ACTIVATIONS, COMMON, QUANTIZED_IN_KERAS, TABLES, require_allowed
from workflow.models.keras.tree import InexpressibleError

CONVOLUTIONS = "Conv1D Conv2D Conv3D Conv2DTranspose Conv3DTranspose SeparableConv2D ConvLSTM2D"
WINDOWED = f"{CONVOLUTIONS} DepthwiseConv2D"
CELLS = "SimpleRNNCell LSTMCell GRUCell"
RECURRENT = f"SimpleRNN LSTM GRU RNN {CELLS}"
PICTURES = f"{RECURRENT} ConvLSTM2D"
POOLINGS = " ".join(f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))
GLOBAL = "GlobalMaxPooling1D GlobalAveragePooling1D GlobalMaxPooling2D GlobalAveragePooling2D"
NOISE = "Dropout SpatialDropout1D GaussianDropout AlphaDropout"
NORMALIZATIONS = "BatchNormalization LayerNormalization"

NUMBERS: tuple[list[Any], list[Any]] = [0, 1, -2.5], [None, True, "1", [1.0]]
COUNTS: tuple[list[Any], list[Any]] = [1, 7, 2**31 - 1], [0, -1, 2.0, True, None, "3", 2**31]
TRUTH: tuple[list[Any], list[Any]] = [True, False, 1, 0], [None, 2, 1.0, "true"]
NEVER: tuple[list[Any], list[Any]] = [False], [True, 1, 0, None, "x"]
SIZES: tuple[list[Any], list[Any]] = [2, [3], [1, 2], [1, 2, 3]], [0, [], [0], [1, 2, 3, 4], [1.0], None, "2", True]
INTEGERS: tuple[list[Any], list[Any]] = [[], [1, -1], [None, 3]], [None, 3, [1.5], [True], "12", [2**31]]
AXES: tuple[list[Any], list[Any]] = [-1, 0, 2, [1], [-1], [1, 2]], [None, [], 1.0, [1.5], True, "1"]
SQUARE: tuple[list[Any], list[Any]] = (
    [0, 3, [1, 2], [[1, 0], [2, 3]], [1, [2, 3]]],
    [None, -1, [1], [1, 2, 3], [[1], [2]], [[-1, 0], [0, 0]], 1.5, "1"],
)


class Option(NamedTuple):
    """An option: the classes that have it, and values that pass and that do not."""

    name: str
    classes: str
    passing: list[Any]
    refused: list[Any]


OPTIONS = [
    Option("units", f"Dense {PICTURES}", *COUNTS),
    Option("filters", CONVOLUTIONS, *COUNTS),
    *[Option(name, "Embedding", *COUNTS) for name in ("input_dim", "output_dim")],
    Option("n", "RepeatVector", *COUNTS),
    Option("depth_multiplier", "DepthwiseConv2D SeparableConv2D", *COUNTS),
    Option("activation", f"Dense {WINDOWED} {RECURRENT}", [None, *sorted(ACTIVATIONS)], ["silu", "Relu", "", {}, 1]),
    Option("activation", "Activation", [None, *sorted(ACTIVATIONS)], ["exponential", "mine>relu", ["relu"]]),
    Option("recurrent_activation", PICTURES, [None, "sigmoid", "hard_sigmoid"], ["exponential", 0]),
    Option("use_bias", f"Dense {WINDOWED} {RECURRENT}", *TRUTH),
    Option("kernel_size", WINDOWED, *SIZES),
    Option("pool_size", POOLINGS, *SIZES),
    Option("strides", WINDOWED, *SIZES),
    Option("strides", POOLINGS, [None, 2, [1, 2]], [0, [], "2"]),
    Option("padding", f"{WINDOWED} {POOLINGS}", ["valid", "same"], ["causal", "full", None, "VALID", 0]),
    Option("padding", "ZeroPadding2D", *SQUARE),
    Option("cropping", "Cropping2D", *SQUARE),
    Option(
        "data_format",
        "Conv1D SeparableConv2D ConvLSTM2D MaxPooling1D AveragePooling1D GlobalMaxPooling1D GlobalAveragePooling1D",
        [None, "channels_last"],
        ["channels_first", "NHWC", False],
    ),
    Option(
        "data_format",
        "Conv2D Conv3D Conv2DTranspose Conv3DTranspose DepthwiseConv2D MaxPooling2D MaxPooling3D AveragePooling2D "
        "AveragePooling3D GlobalMaxPooling2D GlobalAveragePooling2D Flatten ZeroPadding2D UpSampling2D",
        [None, "channels_last", "channels_first"],
        ["NCHW", False, 1],
    ),
    Option("data_format", "Cropping2D", ["channels_last", "channels_first"], [None, "NHWC"]),
    Option("dilation_rate", "Conv1D Conv2D Conv3D SeparableConv2D ConvLSTM2D", *SIZES),
    Option(
        "dilation_rate",
        "Conv2DTranspose Conv3DTranspose DepthwiseConv2D",
        [None, 1, [1], [1, 1], [1, 1, 1]],
        [2, [1, 2], 0],
    ),
    Option("groups", WINDOWED, [None, 1], [2, 0, "1"]),
    Option("keepdims", GLOBAL, *NEVER),
    *[Option(name, "InputLayer", *NEVER) for name in ("sparse", "ragged")],
    *[Option(name, PICTURES, *NEVER) for name in ("time_major", "zero_output_for_mask")],
    Option("reset_after", "GRU GRUCell", *NEVER),
    *[Option(name, "ConvLSTM2D", *NEVER) for name in ("unroll", "return_state", "stateful")],
    *[Option(name, RECURRENT, *TRUTH) for name in ("unroll", "return_state", "stateful")],
    *[Option(name, PICTURES, *TRUTH) for name in ("return_sequences", "go_backwards")],
    *[Option(name, PICTURES, *NUMBERS) for name in ("dropout", "recurrent_dropout")],
    Option("mask_zero", "Embedding", [None, True, False], [2, "yes"]),
    Option("epsilon", NORMALIZATIONS, *NUMBERS),
    *[Option(name, NORMALIZATIONS, *TRUTH) for name in ("center", "scale")],
    Option("axis", "BatchNormalization", [-1, 1, [1], [3]], [[-1], [0], [1, 2], None, 1.0, []]),
    Option("axis", "LayerNormalization Softmax", *AXES),
    Option("axis", "Concatenate", [-1, 0, 3], [None, [1], 1.0, True]),
    Option("axes", "Dot", *AXES),
    Option("normalize", "Dot", *TRUTH),
    *[Option(name, "Rescaling", *NUMBERS) for name in ("scale", "offset")],
    Option("mask_value", "Masking", *NUMBERS),
    Option("max_value", "ReLU", [None, 6.0, 1], ["6", [1.0], True]),
    *[Option(name, "ReLU", [None, 0, 0.0], [0.1, -1, False, "0"]) for name in ("negative_slope", "threshold")],
    Option("alpha", "LeakyReLU", *NUMBERS),
    Option("alpha", "ELU", [1, 1.0], [0.5, True, None, "1"]),
    Option("theta", "ThresholdedReLU", *NUMBERS),
    Option("shared_axes", "PReLU", [None, [], [1, 2]], [1, [1.5]]),
    Option("rate", NOISE, *NUMBERS),
    Option("stddev", "GaussianNoise", *NUMBERS),
    Option("batch_input_shape", "InputLayer", *INTEGERS),
    Option("target_shape", "Reshape", *INTEGERS),
    Option("dims", "Permute", *INTEGERS),
    Option("size", "UpSampling2D", *INTEGERS),
    Option("interpolation", "UpSampling2D", ["nearest"], ["bilinear", "bicubic", None]),
    Option("merge_mode", "Bidirectional", ["concat", "sum", "mul", "ave", None], ["max", "", 0]),
]
PAIRS = [(class_name, option) for option in OPTIONS for class_name in option.classes.split()]

TRAINING = [f"{kind}" for kind in ("initializer", "regularizer", "constraint")]
FREE = {
    *(f"{what}_{kind}" for kind in TRAINING for what in ("kernel", "bias", "depthwise", "pointwise", "recurrent")),
    *(f"{what}_{kind}" for kind in TRAINING for what in ("beta", "gamma", "moving_mean", "moving_variance")),
    *(f"{what}_{kind}" for kind in TRAINING for what in ("embeddings", "alpha")),
    *("momentum", "synchronized", "fused", "input_length", "noise_shape", "implementation", "unit_forget_bias"),
    *("cell", "layer"),  # looked at on their own
}
"""Options of no meaning for prediction, or whose values are checked elsewhere."""


@pytest.mark.parametrize(
    ("class_name", "option"), PAIRS, ids=lambda value: value.name if isinstance(value, Option) else value
)
def test_an_option_passes_only_with_what_tensorflow_js_computes_as_keras_does(class_name: str, option: Option) -> None:
    for value in option.passing:
        require_allowed(class_name, {"name": "x", option.name: value})
    for value in option.refused:
        with pytest.raises(InexpressibleError) as caught:
            require_allowed(class_name, {"name": "x", option.name: value})
        assert str(caught.value).startswith(f"layer 'x' ({class_name}): {option.name}={value!r} is not ")


def test_every_option_of_the_allow_list_is_in_this_table_once() -> None:
    listed = [(class_name, option.name) for class_name, option in PAIRS]
    assert len(listed) == len(set(listed))
    allowed = {(class_name, name) for class_name, table in TABLES.items() for name in table}
    assert {pair for pair in allowed if pair[1] not in FREE} == set(listed)
    assert {name for _, name in allowed} >= FREE


@pytest.mark.parametrize("class_name", sorted(TABLES))
def test_an_option_that_nobody_knows_passes_when_it_says_nothing(class_name: str) -> None:
    silent: list[Any] = [None, False, [], {}, ""]
    telling: list[Any] = [True, 0, 1.5, [0], {"a": None}, "on"]
    for value in silent:
        require_allowed(class_name, {"name": "x", "brand_new": value})
    for value in telling:
        with pytest.raises(InexpressibleError, match="brand_new="):
            require_allowed(class_name, {"name": "x", "brand_new": value})


@pytest.mark.parametrize("name", sorted(COMMON))
def test_what_every_layer_may_have_passes_with_any_value(name: str) -> None:
    for class_name in ("Add", "Dense", "RNN"):
        require_allowed(class_name, {name: object()})


def test_a_class_that_tensorflow_js_has_not_is_named() -> None:
    with pytest.raises(InexpressibleError, match=r"^layer 'x': TensorFlow\.js has no layer class 'Lambda'$"):
        require_allowed("Lambda", {"name": "x"})


def test_a_long_value_is_cut_in_the_reason() -> None:
    with pytest.raises(InexpressibleError) as caught:
        require_allowed("Dense", {"name": "x", "brand_new": "y" * 100})
    assert f"brand_new='{'y' * 39}… is not what TensorFlow.js can do" in str(caught.value)


def test_a_layer_without_a_name_is_told_by_none() -> None:
    with pytest.raises(InexpressibleError) as caught:
        require_allowed("Mine", {})
    assert str(caught.value) == "layer '': TensorFlow.js has no layer class 'Mine'"


@pytest.mark.parametrize(
    "options",
    [
        {"quantization_config": {"class_name": "Int8QuantizationConfig"}, "dtype": "float32"},
        {"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}}},
    ],
)
def test_a_layer_that_keras_has_quantized_is_said_to_be(options: Any) -> None:
    with pytest.raises(InexpressibleError) as caught:
        require_allowed("Dense", {"name": "d", "units": 2, **options})
    assert str(caught.value) == f"layer 'd' (Dense): {QUANTIZED_IN_KERAS}"
    require_allowed("Dense", {"name": "d", "units": 2, "quantization_config": None, "dtype": "float32"})
