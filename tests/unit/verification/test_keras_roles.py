"""The weights of each class in Keras's order, and what TensorFlow.js calls them."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.verification.keras_roles import name_in_script, role_in, roles_of

LSTM = {"class_name": "LSTM", "config": {"name": "lstm"}}
CELL = {"class_name": "GRUCell", "config": {"name": "cell", "use_bias": False}}
GATED = ("kernel", "recurrent_kernel", "bias")

KNOWN: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("Dense", {}, ("kernel", "bias")),
    ("Dense", {"use_bias": False}, ("kernel",)),
    ("Conv2DTranspose", {"use_bias": True}, ("kernel", "bias")),
    ("SeparableConv1D", {}, ("depthwise_kernel", "pointwise_kernel", "bias")),
    ("DepthwiseConv2D", {"use_bias": False}, ("depthwise_kernel",)),
    ("BatchNormalization", {}, ("gamma", "beta", "moving_mean", "moving_variance")),
    ("BatchNormalization", {"scale": False}, ("beta", "moving_mean", "moving_variance")),
    ("LayerNormalization", {"center": False}, ("gamma",)),
    ("Normalization", {"axis": -1}, ("mean", "variance", "count")),
    ("Normalization", {"mean": 1.0, "variance": 2.0}, ()),
    ("Attention", {"use_scale": True, "score_mode": "concat"}, ("scale", "concat_score_weight")),
    ("ConvLSTM2D", {}, GATED),
    ("RNN", {"cell": CELL}, ("kernel", "recurrent_kernel")),
    ("RNN", {"cell": [CELL, CELL]}, ("0/kernel", "0/recurrent_kernel", "1/kernel", "1/recurrent_kernel")),
    ("TimeDistributed", {"layer": LSTM}, GATED),
    ("Bidirectional", {"layer": LSTM}, (*(f"forward/{one}" for one in GATED), *(f"backward/{one}" for one in GATED))),
    ("Dropout", {"rate": 0.5}, ()),
]


WITHOUT_WEIGHTS = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise"),
    *("AlphaDropout", "InputLayer", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "ThresholdedReLU", "Identity"),
    *("Flatten", "Reshape", "Permute", "RepeatVector", "Masking", "Rescaling", "Resizing", "CenterCrop", "Add", "Dot"),
    *("Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "ActivityRegularization"),
    *("CategoryEncoding", "UnitNormalization", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D"),
    *("Cropping2D", "Cropping3D", "UpSampling1D", "UpSampling2D", "UpSampling3D", "MaxPooling1D", "MaxPooling2D"),
    *("MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "GlobalMaxPooling1D"),
    *("GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    "GlobalAveragePooling3D",
)
OF_A_KIND = {
    ("kernel", "bias"): (
        *("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    ),
    ("depthwise_kernel", "bias"): ("DepthwiseConv1D", "DepthwiseConv2D"),
    ("depthwise_kernel", "pointwise_kernel", "bias"): ("SeparableConv1D", "SeparableConv2D"),
    GATED: (
        *("SimpleRNN", "GRU", "LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        *("SimpleRNNCell", "GRUCell", "LSTMCell"),
    ),
    ("gamma", "beta"): ("LayerNormalization", "GroupNormalization"),
    ("embeddings",): ("Embedding",),
    ("alpha",): ("PReLU",),
}


@pytest.mark.parametrize("class_name", WITHOUT_WEIGHTS)
def test_a_class_without_weights_has_none(class_name: str) -> None:
    assert roles_of(class_name, {}) == ()


@pytest.mark.parametrize(
    ("class_name", "roles"), [(name, roles) for roles, names in OF_A_KIND.items() for name in names]
)
def test_every_class_of_a_kind_has_its_weights(class_name: str, roles: tuple[str, ...]) -> None:
    assert roles_of(class_name, {}) == roles


@pytest.mark.parametrize(("class_name", "config", "roles"), KNOWN)
def test_a_layer_has_the_weights_that_keras_gives_it(
    class_name: str, config: dict[str, Any], roles: tuple[str, ...]
) -> None:
    assert roles_of(class_name, config) == roles


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("Mine", {}),
        ("MultiHeadAttention", {"num_heads": 2}),
        ("BatchNormalization", {"renorm": True}),
        ("RNN", {"cell": {"class_name": "MyCell", "config": {}}}),
        ("TimeDistributed", {"layer": {"class_name": "Mine", "config": {}}}),
        ("Bidirectional", {"layer": None}),
    ],
)
def test_of_other_classes_nothing_is_said(class_name: str, config: dict[str, Any]) -> None:
    assert roles_of(class_name, config) is None


def test_tensorflow_js_names_both_ways_by_the_layer_inside() -> None:
    assert name_in_script("backward/bias", "Bidirectional", config={"layer": LSTM}) == "backward_lstm/bias"
    assert name_in_script("bias", "Dense", config={}) == "bias"


def test_a_name_in_a_file_tells_the_role_and_the_way() -> None:
    assert role_in("dense/kernel") == "kernel"
    assert role_in("both/forward_lstm/lstm_cell/kernel") == "forward/kernel"
    assert role_in("backward_pass/dense/kernel") == "backward/kernel"
    assert role_in("kernel") == "kernel"
