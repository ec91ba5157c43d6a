"""What TensorFlow.js lacks or gets wrong, in layers that it has; the numbers are proved in tests/real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from workflow.base.errors import DeclinedError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Arrays, Config

IMAGE = [None, 4, 4, 2]
ROW = [None, 3]
STEPS = [None, 5, 2]
CONV = {"strides": [1, 1], "padding": "valid", "activation": "linear", "use_bias": False}


def expressed(tmp_path: Path, shape: list[int | None], entry: Config, arrays: Arrays | None = None) -> tuple[Any, ...]:
    name = entry["config"]["name"]
    weights = {name: {f"{name}/{role}": array for role, array in (arrays or {}).items()}}
    return converted(whole_file(tmp_path / "m.h5", row(given(shape), entry), weights))


LOWERED: list[tuple[list[int | None], Config, list[str]]] = [
    (IMAGE, layer("GlobalAveragePooling2D", "x", keepdims=True), ["GlobalAveragePooling2D", "Reshape"]),
    (IMAGE, layer("GlobalMaxPooling2D", "x", keepdims=False), ["GlobalMaxPooling2D"]),
    ([None, 2, 2, 2, 3], layer("GlobalMaxPooling3D", "x"), ["Reshape", "GlobalMaxPooling1D"]),
    (STEPS, layer("GlobalMaxPooling1D", "x", data_format="channels_first"), ["Permute", "GlobalMaxPooling1D"]),
    (STEPS, layer("ZeroPadding1D", "x", padding=[1, 2]), ["Reshape", "ZeroPadding2D", "Reshape"]),
    (STEPS, layer("UpSampling1D", "x", size=2), ["Reshape", "UpSampling2D", "Reshape"]),
    (IMAGE, layer("UpSampling2D", "x", size=[2, 2], interpolation="nearest"), ["UpSampling2D"]),
    (
        IMAGE,
        layer("UpSampling2D", "x", size=[2, 2], interpolation="bilinear"),
        ["Permute", "Dense", "Permute", "Dense", "Permute"],
    ),
    (IMAGE, layer("CenterCrop", "x", height=2, width=3), ["Cropping2D"]),
    (IMAGE, layer("RandomFlip", "x", mode="horizontal"), ["Activation"]),
    (IMAGE, layer("SpatialDropout2D", "x", rate=0.5), ["Activation"]),
    (ROW, layer("ReLU", "x", max_value=6.0, negative_slope=0.0, threshold=0.0), ["ReLU"]),
    (ROW, layer("ReLU", "x", max_value=None, negative_slope=0.2, threshold=0.0), ["LeakyReLU"]),
    (ROW, layer("ReLU", "x", max_value=None, negative_slope=0.0, threshold=0.5), ["ThresholdedReLU"]),
    (ROW, layer("ELU", "x", alpha=1.0), ["ELU"]),
    (STEPS, layer("Softmax", "x", axis=1), ["Permute", "Activation", "Permute"]),
    (ROW, layer("Flatten", "x"), ["Activation"]),
    ([None, None, 2], layer("Flatten", "x"), ["Reshape"]),
]


@pytest.mark.parametrize(
    ("shape", "entry", "wanted"), LOWERED, ids=lambda value: value["class_name"] if isinstance(value, dict) else ""
)
def test_a_layer_becomes_those_that_tensorflow_js_computes_rightly(
    tmp_path: Path, shape: list[int | None], entry: Config, wanted: list[str]
) -> None:
    config, _, changes = expressed(tmp_path, shape, entry)
    assert classes(config) == ["InputLayer", *wanted]
    assert "x" in [each["config"]["name"] for each in config["config"]["layers"]]
    assert bool(changes) == (wanted != [entry["class_name"]])


DECLINED: list[tuple[list[int | None], Config, str]] = [
    (STEPS, layer("GRU", "x", units=2, reset_after=True), "reset_after=True"),
    (STEPS, layer("MultiHeadAttention", "x", num_heads=2, key_dim=2), "MultiHeadAttention"),
    (ROW, layer("Lambda", "x"), "Lambda"),
    (ROW, layer("Mine>Scale", "x"), "Mine>Scale"),
    (ROW, dense("x", 2, activation="exponential"), "exponential"),
    (ROW, dense("x", 2, lora_rank=4), "lora_rank=4"),
    (
        IMAGE,
        layer("Conv2DTranspose", "x", filters=1, kernel_size=[2, 2], output_padding=[1, 1], **CONV),
        "output_padding",
    ),
    (IMAGE, layer("UpSampling2D", "x", size=[2, 2], interpolation="bicubic"), "bicubic"),
    ([None, None, None, 3], layer("Resizing", "x", height=2, width=2), "not fixed"),
    (IMAGE, layer("CenterCrop", "x", height=8, width=8), "smaller"),
    (STEPS, layer("LayerNormalization", "x", axis=-1, epsilon=1e-3, rms_scaling=True), "rms_scaling"),
]


@pytest.mark.parametrize(
    ("shape", "entry", "words"), DECLINED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_cannot_be_said_is_declined_by_the_layers_name(
    tmp_path: Path, shape: list[int | None], entry: Config, words: str
) -> None:
    with pytest.raises(DeclinedError, match="layer 'x'") as caught:
        expressed(tmp_path, shape, entry)
    assert words in caught.value.reason
    assert caught.value.route == "graph"


def test_every_reason_is_told_at_once(tmp_path: Path) -> None:
    config = row(given(ROW), layer("Lambda", "first"), layer("Lambda", "second"))
    with pytest.raises(DeclinedError, match="'first'"):
        converted(whole_file(tmp_path / "m.h5", config, {}))


def test_groups_become_a_kernel_with_zeros_between_them(tmp_path: Path) -> None:
    kernel = numbers(1, 1, 1, 4)
    conv = layer("Conv2D", "x", filters=4, kernel_size=[1, 1], groups=2, **CONV)
    config, weights, _ = expressed(tmp_path, IMAGE, conv, {"kernel": kernel})
    assert config["config"]["layers"][1]["config"]["groups"] == 1
    wanted = np.zeros((1, 1, 2, 4), "f4")
    wanted[0, 0, 0, :2], wanted[0, 0, 1, 2:] = kernel[0, 0, 0, :2], kernel[0, 0, 0, 2:]
    assert np.array_equal(weights["x/kernel"], wanted)


def test_a_dilated_depthwise_kernel_is_written_with_its_zeros(tmp_path: Path) -> None:
    kernel = numbers(2, 2, 2, 1)
    conv = layer("DepthwiseConv2D", "x", kernel_size=[2, 2], dilation_rate=[2, 2], depth_multiplier=1, **CONV)
    config, weights, _ = expressed(tmp_path, IMAGE, conv, {"depthwise_kernel": kernel})
    assert config["config"]["layers"][1]["config"]["kernel_size"] == [3, 3]
    assert np.array_equal(weights["x/depthwise_kernel"][::2, ::2], kernel)
    assert not weights["x/depthwise_kernel"][1].any()


def test_separable_convolutions_lose_the_options_that_tensorflow_js_refuses(tmp_path: Path) -> None:
    arrays = {"depthwise_kernel": numbers(1, 1, 2, 1), "pointwise_kernel": numbers(1, 1, 2, 3)}
    extra = {"kernel_initializer": "glorot_uniform", "kernel_regularizer": None, "depth_multiplier": 1}
    conv = layer("SeparableConv2D", "x", filters=3, kernel_size=[1, 1], **CONV, **extra)
    config, weights, _ = expressed(tmp_path, IMAGE, conv, arrays)
    assert not any(key.startswith("kernel_") for key in set(config["config"]["layers"][1]["config"]) - {"kernel_size"})
    assert list(weights) == ["x/depthwise_kernel", "x/pointwise_kernel"]


def test_normalization_over_another_axis_is_brought_to_the_end_and_back(tmp_path: Path) -> None:
    arrays = {role: numbers(4) for role in ("gamma", "beta", "moving_mean", "moving_variance")}
    options = {"axis": [1], "epsilon": 1e-3, "center": True, "scale": True, "momentum": 0.9}
    config, _, _ = expressed(tmp_path, IMAGE, layer("BatchNormalization", "x", **options), arrays)
    assert classes(config) == ["InputLayer", "Permute", "BatchNormalization", "Permute"]
    assert [each["config"].get("dims") for each in config["config"]["layers"]] == [None, [2, 3, 1], None, [3, 1, 2]]


def test_bilinear_weights_are_those_of_tensorflow(tmp_path: Path) -> None:
    entry = layer("UpSampling2D", "x", size=[2, 1], interpolation="bilinear")
    _, weights, _ = expressed(tmp_path, [None, 2, 3, 1], entry)
    assert np.allclose(weights["x_rows/kernel"], [[1, 0.75, 0.25, 0], [0, 0.25, 0.75, 1]])
    assert np.array_equal(weights["x_columns/kernel"], np.eye(3))


def test_a_row_of_layers_that_branches_becomes_a_graph(tmp_path: Path) -> None:
    config, _, _ = expressed(tmp_path, ROW, layer("ELU", "x", alpha=0.5))
    assert config["class_name"] == "Functional"
    assert config["config"]["input_layers"] == [["given", 0, 0]]
    assert config["config"]["output_layers"] == [["x", 0, 0]]


def test_a_sequential_without_input_gets_its_shape(tmp_path: Path) -> None:
    config = row(dense())
    config["config"]["build_input_shape"] = [None, 3]
    weights = {"dense": {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2)}}
    result, _, _ = converted(whole_file(tmp_path / "m.h5", config, weights))
    assert result["config"]["layers"][0]["config"]["batch_input_shape"] == [None, 3]


def test_a_shared_layer_and_what_helps_it_are_called_as_often(tmp_path: Path) -> None:
    pool = called(layer("GlobalMaxPooling2D", "pool", keepdims=True), ["a"], ["b"])
    inputs = [called(given(IMAGE, name), *[]) for name in ("a", "b")]
    config = graph(*inputs, pool, inputs=["a", "b"], outputs=["pool"])
    config["config"]["output_layers"] = [["pool", 0, 0], ["pool", 1, 0]]
    result, _, _ = converted(whole_file(tmp_path / "m.h5", config, {}))
    assert [len(each.get("inbound_nodes", [])) for each in result["config"]["layers"]] == [0, 0, 2, 2]
    assert result["config"]["output_layers"] == [["pool", 0, 0], ["pool", 1, 0]]


def test_a_tensor_given_twice_at_once_gets_a_second_name(tmp_path: Path) -> None:
    config = graph(
        called(given(ROW), *[]), called(layer("Multiply", "x"), ["given", "given"]), inputs=["given"], outputs=["x"]
    )
    result, _, _ = converted(whole_file(tmp_path / "m.h5", config, {}))
    twice = next(each for each in result["config"]["layers"] if each["name"] == "x")
    assert [place[0] for place in twice["inbound_nodes"][0]] == ["given", "given_again"]


def test_regularizers_and_constraints_are_made_harmless(tmp_path: Path) -> None:
    options = {
        "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
        "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 1, "axis": 0}},
        "kernel_initializer": {"class_name": "LecunNormal", "config": {"seed": None}},
        "activity_regularizer": {"class_name": "L1", "config": {"l1": 0.1}},
    }
    config, _, changes = expressed(
        tmp_path, ROW, dense("x", 2, **options), {"kernel": numbers(3, 2), "bias": numbers(2)}
    )
    result = config["config"]["layers"][1]["config"]
    assert result["kernel_regularizer"] == {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}}
    assert result["kernel_constraint"] is None
    assert result["activity_regularizer"] is None
    assert result["kernel_initializer"]["class_name"] == "LeCunNormal"
    assert len(changes) == 4


@pytest.mark.parametrize(("dtype", "wanted"), [("int64", "int32"), ("uint8", "int32"), ("float16", "float32")])
def test_inputs_get_a_dtype_that_tensorflow_js_has(tmp_path: Path, dtype: str, wanted: str) -> None:
    config = row(given(ROW, dtype=dtype), layer("Rescaling", "x", scale=2.0, offset=1.0))
    result, _, _ = converted(whole_file(tmp_path / "m.h5", config, {}))
    assert result["config"]["layers"][0]["config"]["dtype"] == wanted


def test_a_note_says_what_changed_and_why(tmp_path: Path) -> None:
    arrays = {"kernel": numbers(3, 2), "bias": numbers(2)}
    notes = expressed(tmp_path, ROW, dense("x", 2, activation="silu"), arrays)[2]
    assert notes == ["x: its activation silu is called swish in TensorFlow.js"]
