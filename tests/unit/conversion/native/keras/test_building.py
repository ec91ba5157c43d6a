"""Models put together: layers called several times, models inside models, results of several tensors, what is lost."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.keras.answering import answers
from tests.unit.conversion.native.keras.files import (
    archive,
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
from tests.unit.conversion.native.keras.rows_convolution import signed
from tests.unit.conversion.native.keras.rows_recurrent import arrays, gru, lstm, run_gru, run_lstm
from workflow.base.errors import DeclinedError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Arrays, Config

STEPS: list[int | None] = [None, 4, 3]
ROW: list[int | None] = [None, 3]
SQUARE: Arrays = {"kernel": signed(3, 3), "bias": numbers(3)}


def of(name: str, own: Arrays) -> dict[str, Arrays]:
    return {name: {f"{name}/{role}": array for role, array in own.items()}}


def result(tmp_path: Path, model: Config, weights: dict[str, Arrays] | None = None) -> tuple[Config, Arrays, list[str]]:
    return converted(whole_file(tmp_path / "m.h5", model, weights or {}))


def reason(tmp_path: Path, model: Config, weights: dict[str, Arrays] | None = None) -> str:
    with pytest.raises(DeclinedError) as caught:
        result(tmp_path, model, weights)
    return caught.value.reason


def damage(tmp_path: Path, model: Config) -> str:
    with pytest.raises(ModelFileError) as caught:
        result(tmp_path, model)
    assert caught.value.hint == "The model's configuration is damaged: save the model again."
    return caught.value.message


def sample(*shape: int) -> Array:
    return np.random.default_rng(3).normal(0, 1, shape)


def inner(name: str, *layers: Config, shape: list[int | None] = ROW) -> Config:
    """Return a graph whose layers follow each other, as a layer of another model."""
    before, entries = "in", [called(given(shape, "in"), *[])]
    for each in layers:
        entries.append(called(each, [before]))
        before = each["config"]["name"]
    return graph(*entries, inputs=["in"], outputs=[before], name=name)


def test_what_follows_a_layer_that_is_declined_gives_no_further_reasons(tmp_path: Path) -> None:
    behind = [gru("second", reset_after=True), layer("RepeatVector", "third", n="many")]
    model = row(given(STEPS), layer("Lambda", "first"), *behind)
    assert reason(tmp_path, model) == "layer 'first': TensorFlow.js has no layer class 'Lambda'"


def test_four_reasons_are_told_and_the_rest_are_counted(tmp_path: Path) -> None:
    names = [f"l{number}" for number in range(6)]
    model = graph(
        called(given(ROW), *[]),
        *(called(layer("Lambda", name), ["given"]) for name in names),
        inputs=["given"],
        outputs=names,
    )
    told = "; ".join(f"layer 'l{number}': TensorFlow.js has no layer class 'Lambda'" for number in range(4))
    assert reason(tmp_path, model) == f"{told}; and 2 further reasons"


def test_a_reason_inside_a_model_inside_is_told_and_what_follows_is_lost(tmp_path: Path) -> None:
    held = {**inner("held", layer("Lambda", "odd")), "name": "held", "inbound_nodes": [[["given", 0, 0, {}]]]}
    last = called(layer("Add", "sum"), ["given"])
    last["inbound_nodes"] = [[["given", 0, 0, {}], ["held", 1, 0, {}]]]
    model = graph(called(given(ROW), *[]), held, last, inputs=["given"], outputs=["sum"])
    assert reason(tmp_path, model) == "layer 'odd': TensorFlow.js has no layer class 'Lambda'"


def test_all_results_of_a_layer_can_be_used(tmp_path: Path) -> None:
    own = arrays(4)
    model = graph(
        called(given(STEPS), *[]),
        called(lstm("one", return_sequences=True, return_state=True), ["given"]),
        inputs=["given"],
        outputs=["one"],
    )
    model["config"]["output_layers"] = [["one", 0, 0], ["one", 0, 1], ["one", 0, 2]]
    config, weights, changes = result(tmp_path, model, of("one", own))
    x = sample(2, 4, 3)
    sequence, last, carry = answers(config, weights, x)
    found, state = run_lstm(x, own)
    for answer, wanted in ((sequence, np.stack(found, 1)), (last, found[-1]), (carry, state)):
        np.testing.assert_allclose(answer, wanted, rtol=1e-6)
    assert changes == []


def test_the_states_of_one_layer_can_begin_another(tmp_path: Path) -> None:
    entry = called(gru("two"), ["given"])
    entry["inbound_nodes"] = [[["given", 0, 0, {}], ["one", 0, 1, {}]]]
    model = graph(
        called(given(STEPS), *[]),
        called(gru("one", return_state=True), ["given"]),
        entry,
        inputs=["given"],
        outputs=["two"],
    )
    config, weights, _ = result(tmp_path, model, {**of("one", arrays(3)), **of("two", arrays(3))})
    x = sample(2, 4, 3)
    wanted = run_gru(np.concatenate([x, x], 1), arrays(3))[-1]
    np.testing.assert_allclose(answers(config, weights, x)[0], wanted, rtol=1e-6)


def twice(held: Config) -> Config:
    """Return a model that calls another one, and the result of that once more."""
    entry = {**held, "name": "held", "inbound_nodes": [[["given", 0, 0, {}]], [["held", 1, 0, {}]]]}
    model = graph(called(given(ROW), *[]), entry, inputs=["given"], outputs=["held"])
    model["config"]["output_layers"] = [["held", 2, 0]]
    return model


@pytest.mark.parametrize("activation", ["relu", "hard_tanh"], ids=["kept as it is", "with layers more"])
def test_a_model_inside_is_called_twice_with_the_same_weights(tmp_path: Path, activation: str) -> None:
    model = twice(inner("held", dense("d", 3, activation=activation)))
    config, weights, _ = result(tmp_path, model, {"held": of("d", SQUARE)["d"]})
    x = sample(2, 3)

    def once(given: Array) -> Array:
        bounds = (0, np.inf) if activation == "relu" else (-1, 1)
        return np.asarray(np.clip(given @ SQUARE["kernel"] + SQUARE["bias"], *bounds))

    np.testing.assert_allclose(answers(config, weights, x)[0], once(once(x)), rtol=1e-6)


def test_a_model_at_each_step_is_put_together_as_well(tmp_path: Path) -> None:
    held = layer("TimeDistributed", "each", layer=inner("held", dense("d", 3, activation="hard_tanh")))
    model = graph(called(given(STEPS), *[]), called(held, ["given"]), inputs=["given"], outputs=["each"])
    config, weights, _ = result(tmp_path, model, {"each": of("d", SQUARE)["d"]})
    x = sample(2, 4, 3)
    wanted = np.clip(x @ SQUARE["kernel"] + SQUARE["bias"], -1, 1)
    np.testing.assert_allclose(answers(config, weights, x)[0], wanted, rtol=1e-6)


def test_a_model_at_each_step_that_makes_masks_is_declined(tmp_path: Path) -> None:
    held = row(layer("Embedding", "words", input_dim=4, output_dim=3, mask_zero=True), name="held")
    each = layer("TimeDistributed", "each", layer=held)
    model = graph(called(given([None, 2, 5]), *[]), called(each, ["given"]), inputs=["given"], outputs=["each"])
    text = reason(tmp_path, model, {"each": {"words/embeddings": numbers(4, 3)}})
    assert text == "layer 'each' (TimeDistributed): TensorFlow.js does not pass on the mask of each step"


def masked(held: Config, *, calls: int) -> Config:
    words = layer("Embedding", "words", input_dim=4, output_dim=3, mask_zero=True)
    nodes = [[["words", 0, 0, {}]] for _ in range(calls)]
    model = graph(
        called(given([None, 4], dtype="int32"), *[]),
        called(words, ["given"]),
        {**held, "name": held["config"]["name"], "inbound_nodes": nodes},
        inputs=["given"],
        outputs=["words"],
    )
    model["config"]["output_layers"] = [[held["config"]["name"], number + 1, 0] for number in range(calls)]
    return model


WORDS: dict[str, Arrays] = {"words": {"words/embeddings": numbers(4, 3)}}
MASK_LOST = "in TensorFlow.js the mask of its input is lost"


def test_a_mask_that_a_model_called_twice_would_lose_is_declined(tmp_path: Path) -> None:
    held = inner("held", lstm("one"), shape=STEPS)
    weights = {**WORDS, "held": of("one", arrays(4))["one"]}
    assert reason(tmp_path, masked(held, calls=2), weights) == f"layer 'held' (Functional): {MASK_LOST}"


def test_a_mask_that_a_model_at_each_step_would_lose_is_declined(tmp_path: Path) -> None:
    held = layer("TimeDistributed", "each", layer=inner("held", dense("d", 3)))
    text = reason(tmp_path, masked(held, calls=1), {**WORDS, "each": of("d", SQUARE)["d"]})
    assert text == f"layer 'each' (TimeDistributed): {MASK_LOST}"


def test_a_layer_that_would_need_other_layers_at_each_call_is_declined(tmp_path: Path) -> None:
    inputs = [called(given([None, *sizes], name), *[]) for name, sizes in (("a", [4]), ("b", [2, 3]))]
    shared = called(layer("Flatten", "flat"), ["a"], ["b"])
    model = graph(*inputs, shared, inputs=["a", "b"], outputs=["flat"])
    wanted = "layer 'flat' (Flatten): it is called with inputs of different kinds, which need different layers"
    assert reason(tmp_path, model) == wanted


def test_a_model_given_too_many_tensors_is_declined(tmp_path: Path) -> None:
    held = {**inner("held", dense("d", 3)), "name": "held"}
    held["inbound_nodes"] = [[["given", 0, 0, {}], ["given", 0, 0, {}]]]
    model = graph(called(given(ROW), *[]), held, inputs=["given"], outputs=["held"])
    model["config"]["output_layers"] = [["held", 1, 0]]
    text = reason(tmp_path, model, {"held": of("d", SQUARE)["d"]})
    assert text == "layer 'held' (Functional): it is given 2 tensors, and takes 1"


def of_one(entry: Config, *node: Any, outputs: Any = None) -> Config:
    """Return a graph of one layer that is called so."""
    entry = {**entry, "name": "x", "inbound_nodes": [list(node)]}
    model = graph(called(given(ROW), *[]), entry, inputs=["given"], outputs=["x"])
    if outputs is not None:
        model["config"]["output_layers"] = outputs
    return model


ADD = layer("Add", "x")


def test_an_argument_of_a_call_that_means_something_is_declined(tmp_path: Path) -> None:
    text = reason(tmp_path, of_one(dense("x", 3), ["given", 0, 0, {"scale": 2, "training": False}]))
    assert text == "layer 'x' (Dense): it is called with scale"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (of_one(ADD, ["given", -1, 0, {}]), "layer 'x': '['given', -1, 0, {}]' is not the place of a tensor"),
        (of_one(ADD, ["given", 0, -1, {}]), "layer 'x': '['given', 0, -1, {}]' is not the place of a tensor"),
        (of_one(ADD, ["given", 0, True, {}]), "layer 'x': '['given', 0, True, {}]' is not the place of a tensor"),
        (of_one(ADD, ["given", 0]), "layer 'x': '['given', 0]' is not the place of a tensor"),
        (of_one(ADD, [0, 0, 0, {}]), "layer 'x': '[0, 0, 0, {}]' is not the place of a tensor"),
        (of_one(ADD, ["given", 0, 1, {}]), "layer 'given' has no result 1"),
        (of_one(ADD, ["given", 0, 0, {}], outputs=[["x", 0, 3]]), "the model names a result of 'x' that there is not"),
        (of_one(ADD, ["nobody", 0, 0, {}]), "the layers 'x' are given tensors that no layer makes"),
        (of_one(ADD, ["given", 0, 0, {}], outputs=7), "the inputs or outputs of a model are not listed"),
        (row(), "a model has no layers"),
        (row(given(ROW), ADD, ADD), "two layers of a model are called 'x'"),
        ({"class_name": "Functional", "config": [dense()]}, "a model is a list of layers and no Sequential"),
    ],
)
def test_a_configuration_that_names_no_tensor_is_damaged_and_says_where(
    tmp_path: Path, model: Config, words: str
) -> None:
    assert words in damage(tmp_path, model)


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [("float32", "float32"), ("float16", "float32"), ("int32", "int32"), ("bool", "bool"), (None, "float32")],
)
def test_a_sequential_without_input_is_given_a_dtype_that_tensorflow_js_has(
    tmp_path: Path, dtype: str | None, wanted: str
) -> None:
    first = layer("Flatten", "flat", dtype=dtype)
    for name, model in {"a row": row(first), "a graph": row(first, layer("ELU", "elu", alpha=0.5))}.items():
        model["config"]["build_input_shape"] = [None, 2, 3]
        (tmp_path / name).mkdir()
        config, _, _ = result(tmp_path / name, model)
        begin = config["config"]["layers"][0]["config"]
        assert (begin["batch_input_shape"], begin["dtype"]) == ([None, 2, 3], wanted)


@pytest.mark.parametrize("last", [layer("ReLU", "last"), layer("ELU", "last", alpha=0.5)], ids=["row", "graph"])
def test_a_sequential_saved_without_its_shape_is_declined(tmp_path: Path, last: Config) -> None:
    model = row(layer("ReLU", "first"), last, name="mine")
    text = reason(tmp_path, model)
    assert "the model 'mine' was saved without the shape that it is given" in text or "not known" in text


def test_a_sequential_that_is_a_bare_list_of_layers_becomes_one_with_a_name(tmp_path: Path) -> None:
    model: Config = {"class_name": "Sequential", "config": [given(ROW), dense("d", 3, activation="silu")]}
    config, weights, _ = result(tmp_path, model, of("d", SQUARE))
    assert classes(config) == ["InputLayer", "Dense"]
    assert config["config"]["name"] == "sequential"
    assert config["config"]["layers"][1]["config"]["activation"] == "swish"
    assert list(weights) == ["d/kernel", "d/bias"]


def test_a_tensor_that_is_a_result_twice_gets_a_second_name(tmp_path: Path) -> None:
    model = of_one(dense("x", 3), ["given", 0, 0, {}], outputs=[["x", 0, 0], ["x", 0, 0]])
    config, weights, notes = result(tmp_path, model, of("x", SQUARE))
    assert config["config"]["output_layers"] == [["x", 0, 0], ["x_again", 0, 0]]
    assert notes == ["x_again: a second name for x, which is used twice at once"]
    one, other = answers(config, weights, sample(2, 3))
    assert np.array_equal(one, other)


def test_names_that_tensorflow_js_refuses_are_exchanged_everywhere(tmp_path: Path) -> None:
    first = called(given(ROW, "an input"), *[])
    model = graph(
        first,
        called(dense("_d", 3), ["an input"]),
        called(dense("layer_d", 3), ["_d"]),
        inputs=["an input"],
        outputs=["layer_d"],
    )
    config, weights, _ = result(tmp_path, model, {**of("_d", SQUARE), **of("layer_d", SQUARE)})
    found = [entry["name"] for entry in config["config"]["layers"]]
    assert found[0] == "an_input"
    assert len(set(found)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9][-A-Za-z0-9._/]*", name) for name in found)
    assert config["config"]["input_layers"] == [["an_input", 0, 0]]
    x = sample(2, 3)
    kernel, bias = SQUARE["kernel"], SQUARE["bias"]
    np.testing.assert_allclose(answers(config, weights, x)[0], (x @ kernel + bias) @ kernel + bias, rtol=1e-6)


def tensor(name: str, shape: list[int | None], call: int = 0) -> Config:
    history = {"shape": shape, "dtype": "float32", "keras_history": [name, call, 0]}
    return {"class_name": "__keras_tensor__", "config": history}


def in_keras3(tmp_path: Path, *args: Any, **kwargs: Any) -> Path:
    """Write an archive of one layer (an Add) that is called with this."""
    begin = {"batch_shape": ROW, "dtype": "float32", "sparse": False, "name": "given"}
    layers: list[Config] = [
        {"module": "keras.layers", "class_name": "InputLayer", "config": begin, "name": "given", "inbound_nodes": []},
        {
            "module": "keras.layers",
            "class_name": "Activation",
            "config": {"name": "x", "trainable": True, "activation": "tanh"},
            "name": "x",
            "inbound_nodes": [{"args": list(args), "kwargs": kwargs}],
        },
    ]
    config = {"name": "m", "layers": layers, "input_layers": [["given", 0, 0]], "output_layers": [["x", 0, 0]]}
    return archive(tmp_path / "m.keras", {"module": "keras", "class_name": "Functional", "config": config}, {})


def test_a_shape_that_keras_3_noted_otherwise_is_declined(tmp_path: Path) -> None:
    with pytest.raises(DeclinedError) as caught:
        converted(in_keras3(tmp_path, tensor("given", [None, 4])))
    assert caught.value.reason == "layer 'x' (Activation): it is given (None, 3), and Keras noted [None, 4]"


@pytest.mark.parametrize("noted", [[None, 3], [None, None], [7, 3], None])
def test_a_shape_that_may_be_the_same_passes(tmp_path: Path, noted: list[int | None]) -> None:
    config, _, _ = converted(in_keras3(tmp_path, tensor("given", noted)))
    assert config["config"]["layers"][1]["inbound_nodes"] == [[["given", 0, 0, {}]]]
    assert not any("recorded shapes" in entry for entry in config["config"]["layers"])


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        ([{"a": tensor("given", [None, 3])}], {}, "it is called with a dictionary of inputs"),
        ([tensor("given", [None, 3]), tensor("given", [None, 3])], {}, "it is given 2 tensors|called with further"),
        ([tensor("given", [None, 3])], {"scale": 2}, "it is called with scale"),
        ([tensor("given", [None, 3])], {"other": tensor("given", [None, 3])}, "it is called with other"),
        ([tensor("given", [None, 3])], {"mask": tensor("given", [None, 3])}, "another mask than that of its input"),
    ],
)
def test_what_else_keras_3_calls_a_layer_with_is_declined(
    tmp_path: Path, args: list[Any], kwargs: Config, words: str
) -> None:
    with pytest.raises(DeclinedError, match=words):
        converted(in_keras3(tmp_path, *args, **kwargs))


def test_arguments_of_keras_3_that_say_nothing_pass(tmp_path: Path) -> None:
    config, _, _ = converted(in_keras3(tmp_path, tensor("given", [None, 3]), training=True, mask=None, other=[None]))
    assert config["config"]["layers"][1]["inbound_nodes"] == [[["given", 0, 0, {}]]]


SPOILT: list[tuple[Callable[[Config], Any], str]] = [
    (lambda node: node.update(kwargs=[]), "a call of a layer has no arguments"),
    (lambda node: node["args"][0]["config"].update(keras_history=["given", 0]), "is not the place of a tensor"),
    (lambda node: node["args"][0].update(config=None), "'None' is not the place of a tensor"),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILT, ids=[words for _, words in SPOILT])
def test_a_call_of_keras_3_that_is_damaged_is_refused(
    tmp_path: Path, spoil: Callable[[Config], Any], words: str
) -> None:
    source = in_keras3(tmp_path, tensor("given", [None, 3]))
    with zipfile.ZipFile(source) as zipped:
        config = json.loads(zipped.read("config.json"))
    spoil(config["config"]["layers"][1]["inbound_nodes"][0])
    with pytest.raises(ModelFileError, match=words):
        converted(archive(source, config, {}))
