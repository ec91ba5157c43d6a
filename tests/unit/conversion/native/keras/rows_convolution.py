"""Convolutions and pooling: the rows of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.arithmetic import convolved, depthwise, pooled, transposed
from tests.unit.conversion.native.keras.files import layer, numbers
from tests.unit.conversion.native.keras.rows import Refused, Row

if TYPE_CHECKING:
    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Config

IMAGE = (5, 4, 2)
STEPS = (6, 2)
VIDEO = (3, 4, 3, 2)
BIAS = numbers(3) - 0.25


def signed(*shape: int) -> Any:
    """Return small numbers of both signs, none of them twice."""
    count = int(np.prod(shape))
    return (np.arange(count, dtype="f4").reshape(shape) * 0.37 + 0.11 - count * 0.15) / 3


def conv(class_name: str, window: list[int], **options: Any) -> Config:
    rank = len(window)
    base = {
        "filters": 3,
        "kernel_size": window,
        "strides": [1] * rank,
        "padding": "valid",
        "data_format": "channels_last",
        "dilation_rate": [1] * rank,
        "activation": "linear",
        "use_bias": True,
    }
    if class_name.startswith("Depthwise"):
        base = {"depth_multiplier": 1, **{key: value for key, value in base.items() if key != "filters"}}
    if class_name.startswith("Separable"):
        base = {"depth_multiplier": 1, **base}
    return layer(class_name, "x", **{**base, **options})


def grouped(x: Array, kernel: Array, groups: int) -> Array:
    """Return what Keras does with groups: each part of the channels has the kernels of its part of the filters."""
    parts = zip(np.split(x, groups, -1), np.split(kernel, groups, -1), strict=True)
    return np.concatenate([convolved(part, own, strides=[1] * (x.ndim - 2)) for part, own in parts], -1)


def first(x: Array) -> Array:
    return np.moveaxis(x, 1, -1)


K1, K2, K3 = signed(3, 2, 3), signed(2, 3, 2, 3), signed(2, 2, 2, 2, 3)
D2, D1 = signed(2, 2, 2, 2), signed(3, 2, 2)
P2, P1 = signed(1, 1, 4, 3), signed(1, 4, 3)
T2, T3, T1 = signed(3, 2, 3, 2), signed(2, 1, 2, 3, 2), signed(3, 3, 2)
KERNEL_OPTIONS: Config = {
    "kernel_initializer": "glorot_uniform",
    "kernel_regularizer": None,
    "kernel_constraint": None,
    "groups": 1,
}

ROWS = [
    Row(
        "Conv1D over steps, two at a time",
        conv("Conv1D", [3], strides=[2], padding="same"),
        [STEPS],
        ["Conv1D"],
        lambda x: convolved(x, K1, strides=[2], padding="same") + BIAS,
        {"kernel": K1, "bias": BIAS},
    ),
    Row(
        "causal Conv1D, which TensorFlow.js has not, is padded in front by a layer",
        conv("Conv1D", [3], padding="causal", dilation_rate=[2]),
        [STEPS],
        ["Reshape", "ZeroPadding2D", "Reshape", "Conv1D"],
        lambda x: convolved(np.pad(x, [(0, 0), (4, 0), (0, 0)]), K1, strides=[1], rates=[2]) + BIAS,
        {"kernel": K1, "bias": BIAS},
    ),
    Row(
        "Conv2D with an activation of its own",
        conv("Conv2D", [2, 3], activation="relu", dilation_rate=[2, 1]),
        [IMAGE],
        ["Conv2D"],
        lambda x: np.maximum(convolved(x, K2, strides=[1, 1], rates=[2, 1]) + BIAS, 0),
        {"kernel": K2, "bias": BIAS},
    ),
    Row(
        "Conv2D whose channels come first",
        conv("Conv2D", [2, 3], data_format="channels_first", use_bias=False),
        [(2, 5, 4)],
        ["Conv2D"],
        lambda x: np.moveaxis(convolved(first(x), K2, strides=[1, 1]), -1, 1),
        {"kernel": K2},
    ),
    Row(
        "Conv2D of two groups is one kernel with zeros between them",
        conv("Conv2D", [1, 2], groups=2, filters=4),
        [(3, 3, 4)],
        ["Conv2D"],
        lambda x: grouped(x, signed(1, 2, 2, 4), 2) + numbers(4),
        {"kernel": signed(1, 2, 2, 4), "bias": numbers(4)},
    ),
    Row(
        "Conv1D of two groups, and causal",
        conv("Conv1D", [2], groups=2, filters=4, padding="causal", use_bias=False),
        [(5, 4)],
        ["Reshape", "ZeroPadding2D", "Reshape", "Conv1D"],
        lambda x: grouped(np.pad(x, [(0, 0), (1, 0), (0, 0)]), signed(2, 2, 4), 2),
        {"kernel": signed(2, 2, 4)},
    ),
    Row(
        "Conv3D",
        conv("Conv3D", [2, 2, 2], padding="same"),
        [VIDEO],
        ["Conv3D"],
        lambda x: convolved(x, K3, strides=[1, 1, 1], padding="same") + BIAS,
        {"kernel": K3, "bias": BIAS},
    ),
    Row(
        "Conv2DTranspose",
        conv("Conv2DTranspose", [3, 2], strides=[2, 3], output_padding=None),
        [(3, 2, 2)],
        ["Conv2DTranspose"],
        lambda x: transposed(x, T2, strides=[2, 3]) + BIAS,
        {"kernel": T2, "bias": BIAS},
    ),
    Row(
        "Conv3DTranspose",
        conv("Conv3DTranspose", [2, 1, 2], strides=[2, 1, 1], output_padding=None, padding="same"),
        [(2, 2, 3, 2)],
        ["Conv3DTranspose"],
        lambda x: transposed(x, T3, strides=[2, 1, 1], padding="same") + BIAS,
        {"kernel": T3, "bias": BIAS},
    ),
    Row(
        "Conv1DTranspose, by the one of two dimensions",
        conv("Conv1DTranspose", [3], strides=[2], output_padding=None),
        [(4, 2)],
        ["Reshape", "Conv2DTranspose", "Reshape"],
        lambda x: transposed(x, T1, strides=[2]) + BIAS,
        {"kernel": T1, "bias": BIAS},
    ),
    Row(
        "DepthwiseConv2D",
        conv("DepthwiseConv2D", [2, 2], depth_multiplier=2, strides=[2, 2], padding="same"),
        [IMAGE],
        ["DepthwiseConv2D"],
        lambda x: depthwise(x, D2, strides=[2, 2], padding="same") + numbers(4),
        {"depthwise_kernel": D2, "bias": numbers(4)},
    ),
    Row(
        "DepthwiseConv2D with a dilation, which TensorFlow.js ignores, has it in its kernel",
        conv("DepthwiseConv2D", [2, 2], depth_multiplier=2, dilation_rate=[3, 2]),
        [IMAGE],
        ["DepthwiseConv2D"],
        lambda x: depthwise(x, D2, strides=[1, 1], rates=[3, 2]) + numbers(4),
        {"depthwise_kernel": D2, "bias": numbers(4)},
    ),
    Row(
        "DepthwiseConv1D, by the one of two dimensions",
        conv("DepthwiseConv1D", [3], depth_multiplier=2),
        [STEPS],
        ["Reshape", "DepthwiseConv2D", "Reshape"],
        lambda x: depthwise(x, D1, strides=[1]) + numbers(4),
        {"depthwise_kernel": D1, "bias": numbers(4)},
    ),
    Row(
        "DepthwiseConv1D, causal and dilated",
        conv("DepthwiseConv1D", [3], depth_multiplier=2, dilation_rate=[2], padding="causal", use_bias=False),
        [STEPS],
        ["Reshape", "ZeroPadding2D", "DepthwiseConv2D", "Reshape"],
        lambda x: depthwise(np.pad(x, [(0, 0), (4, 0), (0, 0)]), D1, strides=[1], rates=[2]),
        {"depthwise_kernel": D1},
        spellings=("keras3",),
    ),
    Row(
        "SeparableConv2D loses the options that TensorFlow.js refuses",
        conv("SeparableConv2D", [2, 2], depth_multiplier=2, **KERNEL_OPTIONS),
        [IMAGE],
        ["SeparableConv2D"],
        lambda x: depthwise(x, D2, strides=[1, 1]) @ P2[0, 0] + BIAS,
        {"depthwise_kernel": D2, "pointwise_kernel": P2, "bias": BIAS},
    ),
    Row(
        "SeparableConv1D, by the one of two dimensions",
        conv("SeparableConv1D", [3], depth_multiplier=2, padding="causal", activation="tanh"),
        [STEPS],
        ["Reshape", "ZeroPadding2D", "SeparableConv2D", "Reshape"],
        lambda x: np.tanh(depthwise(np.pad(x, [(0, 0), (2, 0), (0, 0)]), D1, strides=[1]) @ P1[0] + BIAS),
        {"depthwise_kernel": D1, "pointwise_kernel": P1, "bias": BIAS},
    ),
    *[
        Row(
            f"{kind}Pooling{rank}D",
            layer(f"{kind}Pooling{rank}D", "x", pool_size=[2] * rank, strides=[1] * rank, padding="same"),
            [shape],
            [f"{kind}Pooling{rank}D"],
            lambda x, rank=rank, most=kind == "Max": pooled(x, [2] * rank, [1] * rank, padding="same", most=most),
        )
        for kind in ("Max", "Average")
        for rank, shape in ((1, STEPS), (2, IMAGE), (3, VIDEO))
    ],
    Row(
        "MaxPooling2D whose channels come first",
        layer("MaxPooling2D", "x", pool_size=[2, 2], strides=None, padding="valid", data_format="channels_first"),
        [(2, 4, 4)],
        ["MaxPooling2D"],
        lambda x: x.reshape(2, 2, 2, 2, 2, 2).max((3, 5)),
    ),
    Row(
        "MaxPooling1D whose channels come first, which TensorFlow.js does not know, between two Permutes",
        layer("MaxPooling1D", "x", pool_size=[2], strides=None, padding="valid", data_format="channels_first"),
        [(3, 4)],
        ["Permute", "MaxPooling1D", "Permute"],
        lambda x: x.reshape(2, 3, 2, 2).max(-1),
    ),
    *[
        Row(
            f"{name} of an image or steps",
            layer(name, "x", data_format="channels_last", keepdims=False),
            [shape],
            [name],
            answer,
        )
        for name, shape, answer in (
            ("GlobalMaxPooling1D", STEPS, lambda x: x.max(1)),
            ("GlobalAveragePooling1D", STEPS, lambda x: x.mean(1)),
            ("GlobalMaxPooling2D", IMAGE, lambda x: x.max((1, 2))),
            ("GlobalAveragePooling2D", IMAGE, lambda x: x.mean((1, 2))),
        )
    ],
    Row(
        "GlobalAveragePooling2D that keeps its rank, with channels first",
        layer("GlobalAveragePooling2D", "x", data_format="channels_first", keepdims=True),
        [(2, 3, 4)],
        ["GlobalAveragePooling2D", "Reshape"],
        lambda x: x.mean((2, 3), keepdims=True),
    ),
    Row(
        "GlobalMaxPooling1D that keeps its rank",
        layer("GlobalMaxPooling1D", "x", data_format="channels_last", keepdims=True),
        [STEPS],
        ["GlobalMaxPooling1D", "Reshape"],
        lambda x: x.max(1, keepdims=True),
    ),
    Row(
        "GlobalAveragePooling1D with channels first",
        layer("GlobalAveragePooling1D", "x", data_format="channels_first", keepdims=False),
        [(3, 4)],
        ["Permute", "GlobalAveragePooling1D"],
        lambda x: x.mean(2),
    ),
    Row(
        "GlobalMaxPooling3D, by the one of one dimension",
        layer("GlobalMaxPooling3D", "x", data_format="channels_last", keepdims=False),
        [VIDEO],
        ["Reshape", "GlobalMaxPooling1D"],
        lambda x: x.max((1, 2, 3)),
    ),
    Row(
        "GlobalAveragePooling3D with channels first that keeps its rank",
        layer("GlobalAveragePooling3D", "x", data_format="channels_first", keepdims=True),
        [(2, 3, 2, 3)],
        ["Permute", "Reshape", "GlobalAveragePooling1D", "Reshape"],
        lambda x: x.mean((2, 3, 4), keepdims=True),
    ),
]

_FIRST: Config = {"data_format": "channels_first"}
REFUSED = [
    Refused(
        conv("Conv1D", [3], padding="causal", **_FIRST),
        [STEPS],
        "layer 'x' (Conv1D): the channels come first",
        {"kernel": signed(3, 6, 3), "bias": BIAS},
    ),
    Refused(conv("Conv1D", [3], **_FIRST), [STEPS], "data_format='channels_first' is not what TensorFlow.js can do"),
    Refused(
        conv("Conv2D", [1, 1], groups=2),
        [(3, 3, 4)],
        "2 groups do not divide its 3 filters",
        {"kernel": signed(1, 1, 2, 3), "bias": BIAS},
    ),
    Refused(
        conv("Conv2D", [1, 1], groups=2, filters=4),
        [(3, 3, 4)],
        "layer 'x' (Conv2D): its weights should be kernel, bias, and the file has 1",
        {"kernel": signed(1, 1, 2, 4)},
    ),
    Refused(
        conv("DepthwiseConv2D", [2, 2], dilation_rate=[300, 300]),
        [(400, 400, 2)],
        "its dilated kernel would be 301 x 301",
        {"depthwise_kernel": signed(2, 2, 2, 1), "bias": numbers(2)},
    ),
    Refused(
        conv("DepthwiseConv1D", [2], dilation_rate=[70_000]),
        [(9, 2)],
        "its dilated kernel would be 70001 long",
        {"depthwise_kernel": signed(2, 2, 1), "bias": numbers(2)},
    ),
    Refused(
        conv("SeparableConv1D", [3], **_FIRST),
        [STEPS],
        "the channels come first",
        {"depthwise_kernel": signed(3, 6, 1), "pointwise_kernel": signed(1, 6, 3), "bias": BIAS},
    ),
    Refused(
        conv("SeparableConv1D", [3], filters="3"),
        [STEPS],
        "it has no number of filters",
        {"depthwise_kernel": D1, "pointwise_kernel": P1, "bias": BIAS},
    ),
    Refused(
        conv("Conv1DTranspose", [3]),
        [(None, None)],
        "the number of channels of its input is not known",
        {"kernel": T1, "bias": BIAS},
    ),
    Refused(
        layer("GlobalMaxPooling3D", "x", keepdims=False),
        [(2, 2, 2, None)],
        "the number of channels of its input is not known",
    ),
    Refused(
        conv("Conv2DTranspose", [3, 2], dilation_rate=[2, 2]),
        [IMAGE],
        "dilation_rate=[2, 2] is not what TensorFlow.js can do",
        {"kernel": T2, "bias": BIAS},
    ),
    Refused(
        conv("SeparableConv2D", [2, 2], **_FIRST),
        [IMAGE],
        "data_format='channels_first' is not what TensorFlow.js can do",
        {"depthwise_kernel": D2, "pointwise_kernel": P2, "bias": BIAS},
    ),
]
