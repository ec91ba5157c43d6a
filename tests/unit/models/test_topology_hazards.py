from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import SEQUENTIAL, layers_document, write_h5, write_model
from workflow.base.errors import ModelFileError
from workflow.models.inspection import inspect_model
from workflow.models.topology import browser_hazards, layers_of

if TYPE_CHECKING:
    from pathlib import Path


def topology(class_name: str, **config: Any) -> dict[str, Any]:
    layer = {"class_name": class_name, "config": {"name": "it", **config}}
    return {"model_config": {"class_name": "Functional", "config": {"name": "net", "layers": [layer]}}}


HARMFUL = [
    *(
        (f"Global{kind}Pooling{axes}D", {"keepdims": True}, "tfjs#5381")
        for kind in ("Average", "Max")
        for axes in (1, 2)
    ),
    *(("SeparableConv2D", {f"kernel_{key}": {}}, "tfjs#4479") for key in ("initializer", "regularizer", "constraint")),
    ("GRU", {"reset_after": True}, "tfjs#5728"),
    ("GRUCell", {"reset_after": True}, "or train with reset_after=False"),
    ("Conv1D", {"padding": "causal"}, "tfjs#3578"),
    *((f"Conv{axes}D", {"groups": 2}, "groups are not supported in") for axes in (1, 2, 3)),
    ("Resizing", {}, "Resizing"),
    ("Dense", {"activation": "exponential"}, "activation"),
    ("LSTM", {"recurrent_activation": "silu"}, "activation"),
    ("Lambda", {}, "Lambda"),
    ("TFOpLambda", {}, "TFOpLambda"),
    ("MultiHeadAttention", {}, "MultiHeadAttention"),
    ("MyLayer", {}, "does not know MyLayer"),
]
HARMLESS = [
    ("GlobalAveragePooling2D", {"keepdims": False}),
    ("SeparableConv2D", {"kernel_initializer": None}),
    ("GRU", {"reset_after": False}),
    ("GRU", {}),
    ("UpSampling2D", {"interpolation": "nearest"}),
    ("Conv2D", {"groups": 1, "padding": "same"}),
    ("Conv2D", {"groups": "nonsense", "activation": 3}),
    ("LSTM", {"activation": "tanh", "recurrent_activation": "hard_sigmoid"}),
]


@pytest.mark.parametrize(("class_name", "config", "words"), HARMFUL)
def test_what_does_not_load_is_told_with_the_way_out(class_name: str, config: dict[str, Any], words: str) -> None:
    (sentence,) = browser_hazards(topology(class_name, **config))
    assert sentence.startswith("TensorFlow.js 4.22 will not load this layers model: ")
    assert words in sentence
    assert "'it'" in sentence
    assert "graph" in sentence


BY_GRAPH = "use a graph model (a `graph` step)"
WHOLE = [
    ("MyLayer", {}, f"it does not know MyLayer (layer 'it'; tfjs#1521): {BY_GRAPH}"),
    (
        "GlobalMaxPooling1D",
        {"keepdims": True},
        f"keepdims=True is ignored in GlobalMaxPooling1D (layer 'it'; tfjs#5381): {BY_GRAPH}",
    ),
    (
        "SeparableConv2D",
        {"kernel_constraint": {}},
        f"kernel_* options are refused in SeparableConv2D (layer 'it'; tfjs#4479): {BY_GRAPH}",
    ),
    (
        "GRU",
        {"reset_after": True},
        (
            f"reset_after=True is not supported in GRU (layer 'it'; tfjs#5728): {BY_GRAPH} "
            "and call executeAsync, or train with reset_after=False"
        ),
    ),
    (
        "Conv1D",
        {"padding": "causal"},
        f"causal padding is not supported in Conv1D (layer 'it'; tfjs#3578): {BY_GRAPH}",
    ),
    ("Resizing", {}, f"it cannot set up Resizing (layer 'it'): {BY_GRAPH}"),
    (
        "Conv3D",
        {"groups": 2},
        (
            "groups are not supported in Conv3D (layer 'it'): build it in Keras from one convolution for each group, "
            "as a graph model of it cannot be made either"
        ),
    ),
    (
        "Dense",
        {"activation": "exponential"},
        f"it does not know the activation function of Dense (layer 'it'): {BY_GRAPH}",
    ),
]


@pytest.mark.parametrize(("class_name", "config", "wanted"), WHOLE, ids=str)
def test_a_sentence_names_the_effect_the_layers_the_issue_and_the_way_out(
    class_name: str, config: dict[str, Any], wanted: str
) -> None:
    (sentence,) = browser_hazards(topology(class_name, **config))
    assert sentence == f"TensorFlow.js 4.22 will not load this layers model: {wanted}"


@pytest.mark.parametrize(("class_name", "config"), HARMLESS)
def test_what_works_is_not_warned_about(class_name: str, config: dict[str, Any]) -> None:
    assert browser_hazards(topology(class_name, **config)) == ()


KNOWN = """
    Activation Add AlphaDropout Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization
    Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose
    ConvLSTM2D ConvLSTM2DCell Cropping2D Dense DepthwiseConv2D Dot Dropout ELU Embedding Flatten GRU GRUCell
    GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D
    InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum
    Minimum Multiply PReLU Permute RNN RandomWidth ReLU RepeatVector Rescaling Reshape SeparableConv2D SimpleRNN
    SimpleRNNCell Softmax SpatialDropout1D StackedRNNCells ThresholdedReLU TimeDistributed UpSampling2D ZeroPadding2D
"""
ACTIVATIONS = (
    *("elu", "gelu", "hard_sigmoid", "hardSigmoid", "linear", "log_softmax", "mish", "relu", "relu6", "selu"),
    *("sigmoid", "softmax", "softplus", "softsign", "swish", "tanh"),
)


def test_every_class_and_activation_of_the_layers_runtime_is_known() -> None:
    layers = [{"class_name": name, "config": {"name": name}} for name in KNOWN.split()]
    layers += [{"class_name": "Dense", "config": {"name": name, "activation": name}} for name in ACTIVATIONS]
    layers += [{"class_name": name, "config": {"layers": []}} for name in ("Sequential", "Functional", "Model")]
    assert browser_hazards({"class_name": "Model", "config": {"layers": layers}}) == ()


def test_wrong_numbers_are_told_apart_from_not_loading() -> None:
    (sentence,) = browser_hazards(topology("UpSampling2D", interpolation="bilinear"))
    assert sentence == (
        "TensorFlow.js 4.22 computes other numbers than Keras with this layers model: "
        f"bilinear interpolation differs in UpSampling2D (layer 'it'; tfjs#4364): {BY_GRAPH}"
    )


@pytest.mark.parametrize("key", ["layer", "cell", "backward_layer"])
def test_layers_inside_wrappers_are_found(key: str) -> None:
    inner = {"class_name": "GRUCell", "config": {"name": "inner", "reset_after": True}}
    assert "'inner'" in browser_hazards(topology("RNN", **{key: inner}))[0]


def test_stacked_cells_and_nested_models_are_found() -> None:
    cells = [{"class_name": "GRUCell", "config": {"name": "inner", "reset_after": True}}]
    nested = topology("StackedRNNCells", cells=cells)["model_config"]
    outer = {"class_name": "Sequential", "config": {"layers": [nested]}}
    assert "'inner'" in browser_hazards({"model_config": outer})[0]


def test_a_bare_topology_is_read_too() -> None:
    assert browser_hazards(SEQUENTIAL) == ()


def test_many_layers_make_one_sentence() -> None:
    layers = [{"class_name": "Lambda", "config": {"name": f"l{number}"}} for number in range(9)]
    (sentence,) = browser_hazards({"class_name": "Sequential", "config": {"layers": layers}})
    assert "'l0', 'l1', 'l2' and 6 more" in sentence


@pytest.mark.parametrize("value", [None, 3, [], {}, {"model_config": None}, {"class_name": "Sequential"}])
def test_what_is_no_topology_is_refused(value: object) -> None:
    with pytest.raises(ModelFileError):
        browser_hazards(value)


def test_a_layers_model_carries_its_hazards_and_its_source_does_not(tmp_path: Path) -> None:
    document = layers_document(modelTopology=topology("Lambda"))
    assert inspect_model(write_model(tmp_path, document), "tfjs_layers_model").warnings
    assert inspect_model(write_h5(tmp_path / "model.h5"), "keras").warnings == ()


def test_a_layer_is_called_as_its_options_say_else_as_its_entry_does() -> None:
    entries = [
        {"class_name": "Dense", "name": "outer", "config": {"name": "inner"}},
        {"class_name": "Dense", "name": "outer", "config": {}},
        {"class_name": "Dense", "config": {}},
        {"class_name": "Dense", "name": 3, "config": {}},
    ]
    model = {"class_name": "Functional", "config": {"name": "net", "layers": entries}}
    assert [one.name for one in layers_of(model, "here")] == ["inner", "outer", "", ""]
