"""The words of Keras 3 in those of Keras 2."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.models.keras.dialect import HARD_SIGMOID, as_keras2
from workflow.models.keras.layers import recorded_shapes

Config = dict[str, Any]


def tensor(name: str, call: int = 0, shape: tuple[int | None, ...] = (None, 3)) -> Config:
    history = {"shape": list(shape), "dtype": "float32", "keras_history": [name, call, 0]}
    return {"class_name": "__keras_tensor__", "config": history}


def node(*args: Any, **kwargs: Any) -> Config:
    return {"args": list(args), "kwargs": kwargs}


def entry(class_name: str, name: str, *nodes: Config, module: str = "keras.layers", **options: Any) -> Config:
    config = {"name": name, "trainable": True, **options}
    return {"module": module, "class_name": class_name, "config": config, "name": name, "inbound_nodes": list(nodes)}


def model(*layers: Config, outputs: Any, class_name: str = "Functional", name: str = "m") -> Config:
    config = {"name": name, "layers": list(layers), "input_layers": ["i", 0, 0], "output_layers": outputs}
    return {"module": "keras.src.models.functional", "class_name": class_name, "config": config, "name": name}


def source() -> Config:
    config = {"batch_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "i", "optional": False}
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "name": "i", "inbound_nodes": []}


def translated(*layers: Config, outputs: Any) -> list[Config]:
    found: list[Config] = as_keras2(model(source(), *layers, outputs=outputs), "3.15.1")[0]["config"]["layers"]
    return found


def test_inputs_and_calls_get_the_forms_of_keras_2() -> None:
    config, _ = as_keras2(
        model(source(), entry("Dense", "d", node(tensor("i")), units=2), outputs=["d", 0, 0]), "3.15.1"
    )
    layers = config["config"]["layers"]
    assert layers[0]["config"]["batch_input_shape"] == [None, 3]
    assert layers[1]["inbound_nodes"] == [[["i", 0, 0, {}]]]
    assert config["config"]["input_layers"] == [["i", 0, 0]]
    assert config["config"]["output_layers"] == [["d", 0, 0]]


def test_calls_of_models_count_from_one_except_where_keras_3_does_so_itself() -> None:
    inner = {**model(source(), outputs=["i", 0, 0], name="inner"), "inbound_nodes": [node(tensor("i"))]}
    last = entry("Dense", "d", node(tensor("inner", 0)), units=2)
    config, _ = as_keras2(model(source(), inner, last, outputs=[["inner", 1, 0], ["d", 0, 0]]), "3.15.1")
    assert config["config"]["layers"][2]["inbound_nodes"] == [[["inner", 1, 0, {}]]]
    assert config["config"]["output_layers"] == [["inner", 1, 0], ["d", 0, 0]]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ({"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}, "float32"),
        ("float64", "float32"),
        ("int32", "int32"),
    ],
)
def test_dtypes_become_names(written: Any, wanted: str) -> None:
    layer = translated(entry("Dense", "d", node(tensor("i")), units=2, dtype=written), outputs=["d", 0, 0])[1]
    assert layer["config"]["dtype"] == wanted


def test_options_and_functions_that_mean_something_else_are_renamed() -> None:
    leaky = entry("LeakyReLU", "l", node(tensor("i")), negative_slope=0.2)
    hard = entry("Activation", "a", node(tensor("l")), activation="hard_sigmoid")
    layers = translated(leaky, hard, outputs=["a", 0, 0])
    assert layers[1]["config"]["alpha"] == 0.2
    assert layers[2]["config"]["activation"] == "keras3_hard_sigmoid"


def test_calls_of_models_in_the_form_of_keras_2_are_counted_from_zero_in_a_file_of_keras_3() -> None:
    inner = {**model(source(), outputs=["i", 0, 0], name="inner"), "inbound_nodes": [[["i", 0, 0, {}]]]}
    dense = {**entry("Dense", "d", units=2), "inbound_nodes": [[["inner", 0, 0, {}]]]}
    layers = translated(inner, dense, outputs=["d", 0, 0])
    assert layers[1]["inbound_nodes"] == [[["i", 0, 0, {}]]]
    assert layers[2]["inbound_nodes"] == [[["inner", 1, 0, {}]]]


def hard_sigmoid(**changed: Any) -> Config:
    """Return the hard_sigmoid of Keras 2 as Keras 3 saves it again, or another function of that form."""
    given = {"class_name": "InputLayer", "config": {"batch_shape": [2, 5], "name": "input"}}
    slope = {"class_name": "Rescaling", "config": {"name": "r", "scale": changed.get("scale", 0.2), "offset": 0.5}}
    bounds = {"max_value": 1.0, "negative_slope": changed.get("negative_slope", 0.0), "threshold": 0.0}
    limited = {"class_name": "ReLU", "config": {"name": "l", **bounds}}
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "h", "layers": [given, slope, limited]}}


@pytest.mark.parametrize("written", [HARD_SIGMOID, hard_sigmoid()])
def test_the_hard_sigmoid_of_keras_2_is_known_in_a_file_of_keras_3(written: Config) -> None:
    cell = entry("LSTM", "l", node(tensor("i")), units=2, recurrent_activation=written)
    assert translated(cell, outputs=["l", 0, 0])[1]["config"]["recurrent_activation"] == "hard_sigmoid"


@pytest.mark.parametrize("written", [hard_sigmoid(scale=1 / 6), hard_sigmoid(negative_slope=0.1)])
def test_another_function_of_that_form_is_no_hard_sigmoid(written: Config) -> None:
    cell = entry("LSTM", "l", node(tensor("i")), units=2, recurrent_activation=written)
    assert isinstance(translated(cell, outputs=["l", 0, 0])[1]["config"]["recurrent_activation"], dict)


def test_options_that_keras_2_does_not_know_are_dropped_when_they_say_nothing() -> None:
    options: dict[str, Any] = {
        "quantization_config": None,
        "lora_rank": None,
        "kernel_initializer": {
            "module": "keras.initializers",
            "class_name": "GlorotUniform",
            "registered_name": None,
            "config": {"seed": None, "input_axes": None, "output_axes": None},
        },
    }
    config = translated(entry("Dense", "d", node(tensor("i")), units=2, **options), outputs=["d", 0, 0])[1]["config"]
    assert config["kernel_initializer"] == {"class_name": "GlorotUniform", "config": {"seed": None}}
    assert not {"quantization_config", "lora_rank"} & config.keys()


def test_operations_become_entries_with_their_operands() -> None:
    times = entry("Multiply", "times", node(tensor("i"), 2.0), module="keras.src.ops.numpy")
    found = translated(times, outputs=["times", 0, 0])[1]
    assert (found["class_name"], found["config"]["function"]) == ("Operation", "multiply")
    assert found["config"]["operands"] == [{"tensor": 0}, 2.0]
    assert found["inbound_nodes"] == [[["i", 0, 0, {}]]]


def test_classes_of_other_modules_keep_their_module_in_front() -> None:
    found = translated(entry("Dense", "d", node(tensor("i")), module="mine"), outputs=["d", 0, 0])[1]
    assert found["class_name"] == "mine>Dense"


def test_what_keras_2_wrote_into_hdf5_stays_the_same_object() -> None:
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
    assert as_keras2(config, "2.15.0")[0] is config


@pytest.mark.parametrize("config", [None, [], {"config": {}}, {"class_name": 3}])
def test_what_is_no_configuration_is_refused(config: Any) -> None:
    with pytest.raises(ModelFileError):
        as_keras2(config, "3.0.0")


def test_the_shapes_that_keras_3_noted_are_those_of_all_tensors_of_a_call_in_their_order() -> None:
    a, b, c, d = (tensor("i", shape=(None, size)) for size in (1, 2, 3, 4))
    call = node([a, {"y": c, "x": b}], mask=None, initial_state=[d])
    assert recorded_shapes(call) == [[None, 1], [None, 2], [None, 3], [None, 4]]
    assert recorded_shapes(node({**a, "config": None})) == [None]
    assert recorded_shapes([["i", 0, 0, {}]]) == []


def function(name: Any, module: Any = "keras.activations", **more: Any) -> Config:
    return {"module": module, "class_name": "function", "config": name, **more}


FUNCTIONS: list[tuple[Any, Any]] = [
    ("relu", "relu"),
    (function("tanh", registered_name="tanh"), "tanh"),
    (function("act", "builtins"), "act"),
    (function("act", None), "act"),
    (function("hard_sigmoid"), "keras3_hard_sigmoid"),
    (function("act", "mine"), "mine>act"),
    (function(None, "mine"), "mine>function"),
    (function("act", "builtins", registered_name="pkg>act"), "custom>pkg>act"),
    ({"class_name": "lambda", "config": "x"}, "None>x"),
    (None, None),
]


@pytest.mark.parametrize(("written", "wanted"), FUNCTIONS, ids=str)
def test_an_activation_function_becomes_its_name_with_the_package_of_its_author(written: Any, wanted: Any) -> None:
    config = translated(entry("Dense", "d", node(tensor("i")), units=2, activation=written), outputs=["d", 0, 0])[1]
    assert config["config"]["activation"] == wanted


CLASSES: list[tuple[Config, str]] = [
    ({"module": "keras.layers"}, "Dense"),
    ({"module": "keras.src.layers.core.dense"}, "Dense"),
    ({"module": "tf_keras.layers", "registered_name": None}, "Dense"),
    ({"module": "keras.layers", "registered_name": "pkg>Dense"}, "pkg>Dense"),
    ({"module": "mine", "registered_name": "pkg>Dense"}, "pkg>Dense"),
    ({"module": "mine.layers", "registered_name": "Dense"}, "mine.layers>Dense"),
    ({"module": None, "registered_name": None}, "Dense"),
]


@pytest.mark.parametrize(("more", "wanted"), CLASSES, ids=str)
def test_a_class_is_kerass_own_only_where_its_module_says_so(more: Config, wanted: str) -> None:
    written = {**entry("Dense", "d", node(tensor("i")), units=2, dtype="float32"), **more}
    assert translated(written, outputs=["d", 0, 0])[1]["class_name"] == wanted


def test_without_a_module_an_operation_is_told_from_a_layer_by_what_layers_have() -> None:
    call = {"class_name": "Add", "config": {"name": "a"}, "name": "a", "inbound_nodes": [node(tensor("i"), 1.0)]}
    cast = {**call, "class_name": "Cast", "config": {"name": "c", "dtype": "float32"}, "name": "c"}
    add = {**call, "config": {"name": "b", "trainable": True}, "name": "b"}
    found = translated(call, cast, add, outputs=["b", 0, 0])[1:]
    assert [each["class_name"] for each in found] == ["Operation", "Operation", "Add"]
    assert [each["config"].get("function") for each in found] == ["add", "cast", None]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [({"class_name": "DTypePolicy", "config": None}, "float32"), (None, "float32"), ("bfloat16", "float32"), (3, 3)],
    ids=str,
)
def test_dtypes_without_a_name_are_float32(written: Any, wanted: Any) -> None:
    layer = translated(entry("Dense", "d", node(tensor("i")), units=2, dtype=written), outputs=["d", 0, 0])[1]
    assert layer["config"]["dtype"] == wanted


def test_layers_that_a_layer_holds_are_translated_too() -> None:
    held = entry("LeakyReLU", "l", negative_slope=0.1, module="keras.layers")
    wrapper = entry("TimeDistributed", "t", node(tensor("i")), layer=held)
    cells = entry("RNN", "r", node(tensor("i")), cell={**held, "config": {"cells": [held, "none"]}})
    found = translated(wrapper, cells, outputs=["t", 0, 0])
    plain = {"class_name": "LeakyReLU", "config": {"name": "l", "trainable": True, "alpha": 0.1}}
    inside = found[1]["config"]["layer"]
    assert {key: inside[key] for key in plain} == plain
    first, second = found[2]["config"]["cell"]["config"]["cells"]
    assert ({key: first[key] for key in plain}, second) == (plain, "none")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"inbound_nodes": {}}, "the calls of a layer are not a list"),
        ({"config": [1]}, "a layer ('Dense') of the model has no config"),
        ({"inbound_nodes": {}, "module": "keras.ops"}, "an operation of the model has no calls"),
        ({"inbound_nodes": [3], "module": "keras.ops"}, "an operation of the model has no calls"),
        ({"name": None, "config": {}, "module": "keras.ops"}, "an operation of the model has no name"),
        ({"class_name": "TFOpLambda", "inbound_nodes": [[]]}, "an operation of the model has no calls"),
        (
            {"class_name": "TFOpLambda", "inbound_nodes": [["i", 0, 0, [1]]]},
            "the arguments of an operation are not named",
        ),
        (
            {"class_name": "TFOpLambda", "inbound_nodes": [[["i"]]]},
            "a call of an operation is not the place of a tensor",
        ),
    ],
)
def test_a_layer_that_is_damaged_is_refused(spoil: Config, words: str) -> None:
    written = {**entry("Dense", "d", node(tensor("i")), units=2), **spoil}
    with pytest.raises(ModelFileError) as caught:
        translated(written, outputs=["i", 0, 0])
    assert words in caught.value.message


def test_a_sequential_of_keras_3_that_is_a_list_is_one_of_layers() -> None:
    config, _ = as_keras2({"class_name": "Sequential", "config": [entry("Dense", "d", units=2)]}, "3.0.0")
    assert [each["class_name"] for each in config["config"]["layers"]] == ["Dense"]


@pytest.mark.parametrize("config", [None, [], {}, {"class_name": 3}])
def test_what_is_no_model_at_all_is_refused(config: Any) -> None:
    with pytest.raises(ModelFileError) as caught:
        as_keras2(config, "2.13.1")
    assert caught.value.message == "the model's configuration has no class_name"
    assert caught.value.hint == "The model's configuration is damaged: save the model again."
