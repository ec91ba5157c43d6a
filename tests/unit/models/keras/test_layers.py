"""The weights that each layer makes in Keras, in its order, and how calls of layers are told in both forms."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.models.keras.layers import (
    SHAPES,
    Call,
    calls,
    keras2_call,
    recorded_shapes,
    tensor_ref,
    tensor_refs,
    tensors,
    variables,
)

FIRST = {"data_format": "channels_first"}
DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 2}}
LSTM = {"class_name": "LSTM", "config": {"name": "l", "units": 2}}
MOVIE = {"filters": 5, "kernel_size": [2, 3]}
HINT = "The model's configuration is damaged: save the model again."

# GRU as TensorFlow.js has it: with reset_after, Keras makes two rows of biases, and the layer is built otherwise
WEIGHTS: list[tuple[str, dict[str, Any], tuple[int | None, ...] | None, str]] = [
    ("Dense", {"units": 4}, (None, 6, 3), "kernel 3x4, bias 4"),
    ("Dense", {"units": 4, "use_bias": False}, (None, 3), "kernel 3x4"),
    ("Dense", {"units": 4}, None, "kernel ?x4, bias 4"),
    ("Embedding", {"input_dim": 9, "output_dim": 4}, (None, 7), "embeddings 9x4"),
    ("Conv1D", {"filters": 5, "kernel_size": 3}, (None, 8, 2), "kernel 3x2x5, bias 5"),
    ("Conv2D", {"filters": 5, "kernel_size": [3, 4]}, (None, 8, 9, 2), "kernel 3x4x2x5, bias 5"),
    ("Conv2D", {"filters": 5, "kernel_size": 3, **FIRST}, (None, 2, 8, 9), "kernel 3x3x2x5, bias 5"),
    ("Conv2D", {"filters": 5, "kernel_size": 3, "use_bias": False}, None, "kernel 3x3x?x5"),
    ("Conv3D", {"filters": 5, "kernel_size": [1, 2, 3]}, (None, 4, 4, 4, 2), "kernel 1x2x3x2x5, bias 5"),
    ("Conv2DTranspose", {"filters": 5, "kernel_size": [3, 4]}, (None, 8, 9, 2), "kernel 3x4x5x2, bias 5"),
    ("Conv3DTranspose", {"filters": 5, "kernel_size": 2}, (None, 4, 4, 4, 3), "kernel 2x2x2x5x3, bias 5"),
    ("DepthwiseConv2D", {"kernel_size": [3, 4]}, (None, 8, 9, 2), "depthwise_kernel 3x4x2x1, bias 2"),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "depth_multiplier": 3, **FIRST},
        (None, 2, 8, 9),
        "depthwise_kernel 3x3x2x3, bias 6",
    ),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 3}, None, "depthwise_kernel 3x3x?x3, bias ?"),
    (
        "SeparableConv2D",
        {"filters": 5, "kernel_size": [3, 4], "depth_multiplier": 3},
        (None, 8, 9, 2),
        "depthwise_kernel 3x4x2x3, pointwise_kernel 1x1x6x5, bias 5",
    ),
    (
        "SeparableConv2D",
        {"filters": 5, "kernel_size": 3, "use_bias": False},
        (None, 8, 9, 2),
        "depthwise_kernel 3x3x2x1, pointwise_kernel 1x1x2x5",
    ),
    ("BatchNormalization", {}, (None, 8, 3), "gamma 3, beta 3, (moving_mean 3), (moving_variance 3)"),
    ("BatchNormalization", {"axis": 1}, (None, 8, 3), "gamma 8, beta 8, (moving_mean 8), (moving_variance 8)"),
    ("BatchNormalization", {"axis": [2]}, (None, 8, 3), "gamma 3, beta 3, (moving_mean 3), (moving_variance 3)"),
    ("BatchNormalization", {"scale": False}, (None, 3), "beta 3, (moving_mean 3), (moving_variance 3)"),
    ("BatchNormalization", {"center": False}, (None, 3), "gamma 3, (moving_mean 3), (moving_variance 3)"),
    (
        "BatchNormalization",
        {},
        None,
        "gamma of any shape, beta of any shape, (moving_mean of any shape), (moving_variance of any shape)",
    ),
    ("LayerNormalization", {}, (None, 8, 3), "gamma 3, beta 3"),
    ("LayerNormalization", {"axis": [1, 2], "center": False}, (None, 8, 3), "gamma 8x3"),
    ("LayerNormalization", {"scale": False}, (None, 8, 3), "beta 3"),
    ("PReLU", {}, (None, 8, 9, 3), "alpha 8x9x3"),
    ("PReLU", {"shared_axes": [1, 2]}, (None, 8, 9, 3), "alpha 1x1x3"),
    ("PReLU", {"shared_axes": None}, (None, 3), "alpha 3"),
    ("PReLU", {}, None, "alpha of any shape"),
    *(
        (f"{name}{ending}", {"units": 2}, (None, 9, 3), f"kernel 3x{wide}, recurrent_kernel 2x{wide}, bias {wide}")
        for name, wide in (("SimpleRNN", 2), ("GRU", 6), ("LSTM", 8))
        for ending in ("", "Cell")
    ),
    ("LSTM", {"units": 2, "use_bias": False}, None, "kernel ?x8, recurrent_kernel 2x8"),
    (
        "RNN",
        {"cell": {"class_name": "GRUCell", "config": {"units": 2}}},
        (None, 9, 3),
        "kernel 3x6, recurrent_kernel 2x6, bias 6",
    ),
    ("ConvLSTM2D", MOVIE, (None, 4, 8, 9, 2), "kernel 2x3x2x20, recurrent_kernel 2x3x5x20, bias 20"),
    (
        "ConvLSTM2D",
        {**MOVIE, **FIRST, "use_bias": False},
        (None, 4, 2, 8, 9),
        "kernel 2x3x2x20, recurrent_kernel 2x3x5x20",
    ),
    ("ConvLSTM2D", MOVIE, None, "kernel 2x3x?x20, recurrent_kernel 2x3x5x20, bias 20"),
    (
        "Bidirectional",
        {"layer": LSTM},
        (None, 9, 3),
        (
            "forward_l/kernel 3x8, forward_l/recurrent_kernel 2x8, forward_l/bias 8, "
            "backward_l/kernel 3x8, backward_l/recurrent_kernel 2x8, backward_l/bias 8"
        ),
    ),
    ("TimeDistributed", {"layer": DENSE}, (None, 9, 4, 3), "kernel 3x2, bias 2"),
    (
        "TimeDistributed",
        {"layer": {"class_name": "Conv2D", "config": {"filters": 5, "kernel_size": 3, **FIRST}}},
        (None, 9, 2, 8, 8),
        "kernel 3x3x2x5, bias 5",
    ),
    ("TimeDistributed", {"layer": DENSE}, None, "kernel ?x2, bias 2"),
    ("Flatten", {}, (None, 3), ""),
    ("Dropout", {"rate": 0.5}, (None, 3), ""),
]


def told(class_name: str, config: dict[str, Any], shape: tuple[int | None, ...] | None) -> str:
    """Return the weights of a layer as text, those that are not trained in parentheses."""
    texts = []
    for one in variables(class_name, config, shape=shape):
        sizes = "of any shape" if one.shape is None else "x".join("?" if n is None else str(n) for n in one.shape)
        texts.append(f"{one.role} {sizes}" if one.trainable else f"({one.role} {sizes})")
    return ", ".join(texts)


@pytest.mark.parametrize(("class_name", "config", "shape", "wanted"), WEIGHTS, ids=str)
def test_a_layer_makes_the_weights_that_it_makes_in_keras(
    class_name: str, config: dict[str, Any], shape: tuple[int | None, ...] | None, wanted: str
) -> None:
    assert told(class_name, config, shape) == wanted


def tensor(name: str, call: int = 0, at: int = 0, shape: Any = None) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": shape, "keras_history": [name, call, at]}}


CALLS: list[tuple[str, list[Any], dict[str, Any], Any]] = [
    ("one tensor", [tensor("a")], {}, [["a", 0, 0, {}]]),
    ("of a model, whose making is a call", [tensor("model", 2, 1)], {}, [["model", 3, 1, {}]]),
    ("a list of tensors", [[tensor("a"), tensor("b", 1, 2)]], {}, [["a", 0, 0, {}], ["b", 1, 2, {}]]),
    (
        "a state beside",
        [tensor("a")],
        {"initial_state": [tensor("h"), tensor("c")]},
        [["a", 0, 0, {}], ["h", 0, 0, {}], ["c", 0, 0, {}]],
    ),
    (
        "a state that a model gives",
        [tensor("a")],
        {"initial_state": tensor("model", 0, 1)},
        [["a", 0, 0, {}], ["model", 1, 1, {}]],
    ),
    ("what predict says itself", [tensor("a")], {"training": True}, [["a", 0, 0, {}]]),
    ("what says nothing", [tensor("a")], {"mask": [None, False], "other": None}, [["a", 0, 0, {}]]),
    ("an argument", [tensor("a")], {"axis": 2}, [["a", 0, 0, {"axis": 2}]]),
    ("zero, which is no silence", [tensor("a")], {"axis": 0}, [["a", 0, 0, {"axis": 0}]]),
    ("a mask", [tensor("a")], {"mask": tensor("m", 1)}, [["a", 0, 0, {"mask": ["m", 1, 0]}]]),
    ("masks", [tensor("a")], {"mask": [tensor("m")]}, [["a", 0, 0, {"mask": "another tensor"}]]),
    ("another tensor", [tensor("a")], {"like": tensor("b")}, [["a", 0, 0, {"like": "another tensor"}]]),
    ("further arguments", [tensor("a"), tensor("b"), 3], {}, [["a", 0, 0, {"further arguments": 1}], ["b", 0, 0, {}]]),
    ("numbers beside", [tensor("a"), 3], {}, [["a", 0, 0, {}]]),
    (
        "a dictionary",
        [{"z": tensor("a"), "y": tensor("b")}],
        {},
        [["b", 0, 0, {"a dictionary of inputs": True}], ["a", 0, 0, {}]],
    ),
    ("no tensor at all", [3], {"axis": 2}, []),
]


@pytest.mark.parametrize(("args", "kwargs", "wanted"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS])
def test_a_call_of_keras_3_is_told_in_the_words_of_keras_2(
    args: list[Any], kwargs: dict[str, Any], wanted: list[Any]
) -> None:
    found = keras2_call({"args": args, "kwargs": kwargs}, frozenset({"model"}))
    assert found == wanted
    told_arguments = wanted[0][3] if wanted else {}
    (call,) = calls({"inbound_nodes": [found]})
    assert call.inputs == tuple(tuple(each[:3]) for each in wanted)
    assert call.arguments == told_arguments


@pytest.mark.parametrize("node", [[["a", 0, 0, {}]], {"a": 1}, 3])
def test_a_call_in_the_words_of_keras_2_stays(node: Any) -> None:
    assert keras2_call(node, frozenset()) is node


@pytest.mark.parametrize("node", [{"args": 3, "kwargs": {}}, {"args": [], "kwargs": None}, {"args": []}])
def test_a_call_without_arguments_is_refused(node: Any) -> None:
    with pytest.raises(ModelFileError) as caught:
        keras2_call(node, frozenset())
    assert (caught.value.message, caught.value.hint) == ("a call of a layer has no arguments", HINT)


def test_recorded_shapes_stand_in_the_order_of_the_tensors() -> None:
    args = [{"z": tensor("a", shape=[None, 1]), "b": [tensor("b", shape=[None, 2])]}, 3]
    state = [tensor("h", shape=[None, 3]), {**tensor("c"), "config": "gone"}]
    node = {"args": args, "kwargs": {"initial_state": state, "mask": tensor("m", shape=[None, 4])}}
    assert recorded_shapes(node) == [[None, 2], [None, 1], [None, 3], None]
    assert recorded_shapes({"args": [tensor("a", shape=[1])], "kwargs": 3}) == [[1]]
    assert recorded_shapes([["a", 0, 0, {}]]) == []
    assert recorded_shapes({"kwargs": {}}) == []


def test_places_of_tensors_are_one_a_list_or_a_dictionary() -> None:
    models = frozenset({"m"})
    assert tensor_refs(["a", 0, 1]) == [("a", 0, 1)]
    assert tensor_refs([["a", 0, 0], ["m", 0, 1]], models) == [("a", 0, 0), ("m", 1, 1)]
    assert tensor_refs({"z": ["a", 0, 0], "b": [["m", 1, 0]]}, models) == [("m", 2, 0), ("a", 0, 0)]
    assert tensor_refs([]) == []
    assert list(tensors({"b": [tensor("m")], "a": tensor("x", 1, 2)}, models)) == [("x", 1, 2), ("m", 1, 0)]
    with pytest.raises(ModelFileError) as caught:
        tensor_refs("a")
    assert (caught.value.message, caught.value.hint) == ("the inputs or outputs of a model are not listed", HINT)


@pytest.mark.parametrize("value", [("a", 0, 1), ["a", 0, 1], ["a", 0, 1, {"x": 1}]])
def test_a_place_is_a_name_and_two_numbers(value: Any) -> None:
    assert tensor_ref(value) == ("a", 0, 1)


@pytest.mark.parametrize("value", [None, "abc", ["a", 0], [0, 0, 0], ["a", -1, 0], ["a", 0, True], ["a", 0, "0"]])
def test_what_is_no_place_is_refused_by_what_it_is(value: Any) -> None:
    with pytest.raises(ModelFileError) as caught:
        tensor_ref(value)
    assert (caught.value.message, caught.value.hint) == (f"'{value}' is not the place of a tensor", HINT)


def test_a_call_needs_its_inputs_and_its_mask() -> None:
    plain = Call((("a", 0, 0),), {"axis": 1})
    assert plain.needs == (("a", 0, 0),)
    assert Call((("a", 0, 0),), {"mask": ["m", 1, 0]}).needs == (("a", 0, 0), ("m", 1, 0))
    assert Call((("a", 0, 0),), {"mask": "another tensor"}).needs == (("a", 0, 0),)


def test_calls_carry_the_shapes_that_were_recorded_of_each() -> None:
    nodes = [[["a", 0, 0, {}]], ["b", 0, 0, {"axis": 1}]]
    first, second = calls({"inbound_nodes": nodes, SHAPES: [[[None, 3]], [[None, 4]]]})
    assert first == Call((("a", 0, 0),), {}, ([None, 3],))
    assert second == Call((("b", 0, 0),), {"axis": 1}, ([None, 4],))
    assert [call.shapes for call in calls({"inbound_nodes": nodes, SHAPES: [[[None, 3]]]})] == [(), ()]
    assert calls({}) == []


def test_a_dictionary_of_inputs_is_told_where_it_holds_several() -> None:
    one, two = calls({"inbound_nodes": [{"x": ["a", 0, 0, {}]}, {"y": ["b", 0, 0, {}], "x": ["a", 0, 0, {}]}]})
    assert one == Call((("a", 0, 0),), {})
    assert two == Call((("a", 0, 0), ("b", 0, 0)), {"a dictionary of inputs": True})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"inbound_nodes": 3}, "the calls of a layer are not a list"),
        ({"name": "d", "inbound_nodes": [3]}, "the layer 'd': a call of a layer is not a list"),
        ({"name": "d", "inbound_nodes": [[["a", 0]]]}, "the layer 'd': '['a', 0]' is not the place of a tensor"),
    ],
)
def test_calls_that_are_none_are_refused_by_their_layer(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        calls(entry)
    assert (caught.value.message, caught.value.hint) == (message, HINT)
