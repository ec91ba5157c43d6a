"""The words of Keras 3 in those of Keras 2."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.converters.native.keras.calls import recorded_shapes
from workflow.converters.native.keras.dialect import as_keras2
from workflow.errors import ModelFileError

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
