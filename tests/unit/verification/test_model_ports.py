"""What a model takes and gives: completed by what a run told, and read from configurations of every kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.verification.model_ports import ModelPort, ModelPorts, of_config, ports_of, told
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

X, Y = ModelPort("x", (None, 4), "float32"), ModelPort("y")
SEEN = ModelPort("y", (3, 2), "float32", observed=True)


def entry(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "net", "layers": list(layers)}}


def functional(inputs: list[str], outputs: list[str], *layers: dict[str, Any]) -> dict[str, Any]:
    ends = {"input_layers": [[one, 0, 0] for one in inputs], "output_layers": [[one, 0, 0] for one in outputs]}
    return {"class_name": "Functional", "config": {"name": "net", "layers": list(layers), **ends}}


GIVEN = entry("InputLayer", "x", batch_input_shape=[None, 4], dtype="float32")
CONFIGS: dict[str, tuple[dict[str, Any], ModelPorts]] = {
    "a row with its input": (sequential(GIVEN, entry("Dense", "y")), ModelPorts((X,), (Y,))),
    "a row whose first layer says its shape": (
        sequential(entry("Dense", "first", batch_input_shape=[None, 4], dtype="float32"), entry("Dense", "y")),
        ModelPorts((ModelPort("first_input", (None, 4)),), (Y,)),
    ),
    "a row of Keras 3": (
        sequential(entry("InputLayer", "x", batch_shape=[2, None], dtype={"class_name": "DTypePolicy"})),
        ModelPorts((ModelPort("x", (2, None)),), (ModelPort("x"),)),
    ),
    "a number of features": (
        sequential(entry("Dense", "y", input_dim=4)),
        ModelPorts((ModelPort("y_input", (None, 4)),), (Y,)),
    ),
    "a number of words": (sequential(entry("Embedding", "y", input_dim=4)), ModelPorts((ModelPort("y_input"),), (Y,))),
    "a row in a row": (
        sequential({**sequential(GIVEN), "name": "inner"}, entry("Dense", "y")),
        ModelPorts((ModelPort("inner_input", (None, 4), "float32"),), (Y,)),
    ),
    "a graph": (functional(["x"], ["y"], GIVEN, entry("Dense", "y")), ModelPorts((X,), (Y,))),
    "an output thrice": (
        functional(["x"], ["y", "y", "x", "y"], GIVEN, entry("Dense", "y")),
        ModelPorts((X,), (Y, ModelPort("y_1"), ModelPort("x"), ModelPort("y_2"))),
    ),
    "a graph that takes and gives dictionaries, which Keras sorts": (
        {
            "class_name": "Functional",
            "config": {
                "layers": [GIVEN, entry("InputLayer", "a", batch_input_shape=[None, 2]), entry("Dense", "y")],
                "input_layers": {"x": ["x", 0, 0], "a": ["a", 0, 0]},
                "output_layers": {"second": ["y", 0, 0], "first": ["x", 0, 0]},
            },
        },
        ModelPorts((ModelPort("a", (None, 2)), X), (ModelPort("x"), Y)),
    ),
    "a graph without ends": (functional([], [], GIVEN), ModelPorts()),
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no layers": (sequential(), "the model has no layers"),
    "an input that is no layer": (functional(["z"], ["x"], GIVEN), "the model's input 'z' is no layer of it"),
    "an empty row in a row": (sequential({**sequential(), "name": "inner"}), "the model 'inner' has no layers"),
    "a shape of text": (
        sequential(entry("InputLayer", "x", batch_input_shape="4")),
        "the shape of the input 'x' is not a list of sizes",
    ),
    "a shape of truth": (
        sequential(entry("InputLayer", "x", batch_input_shape=[None, True])),
        "the shape of the input 'x' is not a list of sizes",
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_tells_its_inputs_and_outputs(name: str) -> None:
    config, ports = CONFIGS[name]
    assert of_config(config) == ports


@pytest.mark.parametrize("name", REFUSED)
def test_a_configuration_that_tells_none_is_refused(name: str) -> None:
    config, message = REFUSED[name]
    with pytest.raises(ModelFileError) as caught:
        of_config(config)
    assert caught.value.message == message
    assert caught.value.hint == "The topology is damaged: save or convert the model again."


@pytest.mark.parametrize(
    ("ours", "other", "wanted"),
    [
        (None, None, None),
        (None, (X,), (X,)),
        ((X,), None, (X,)),
        ((Y,), (SEEN,), (SEEN,)),
        ((Y,), (SEEN, X), (Y,)),
        ((Y, X), (X, SEEN), (SEEN, X)),
        (
            (ModelPort("a"), ModelPort("b")),
            (SEEN, X),
            (ModelPort("a", (3, 2), "float32", True), ModelPort("b", (None, 4), "float32")),
        ),
        (
            (ModelPort("y"), ModelPort("b")),
            (X, SEEN),
            (ModelPort("y", (None, 4), "float32"), ModelPort("b", (3, 2), "float32", True)),
        ),
        ((ModelPort("y", (None, 2)),), (SEEN,), (ModelPort("y", (None, 2), "float32"),)),
        ((ModelPort("y", None, "int32"),), (SEEN,), (ModelPort("y", (3, 2), "int32", True),)),
    ],
)
def test_what_is_not_known_is_taken_by_name_or_else_by_number(ours: Any, other: Any, wanted: Any) -> None:
    found = ModelPorts(ours, other).completed(ModelPorts(other, ours))
    assert found.inputs == wanted
    assert ModelPorts(None, ours).completed(ModelPorts(None, other)).outputs == wanted


def test_the_outputs_of_a_run_are_observed_and_its_inputs_are_not() -> None:
    spec = {"name": "y", "shape": [3, 2], "dtype": "float32"}
    assert told({"inputs": [spec], "outputs": [spec]}) == ModelPorts((ModelPort("y", (3, 2), "float32"),), (SEEN,))
    assert told({}) == told({"inputs": [], "outputs": None}) == ModelPorts()


def test_a_port_is_told_with_what_is_known_of_it() -> None:
    assert [str(port) for port in (X, Y, ModelPort("z", ()), ModelPort("z", None, "int32"))] == [
        "x ['?', 4] float32",
        "y",
        "z []",
        "z int32",
    ]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [(["first", "second"], [("first", "a"), ("second", "b")]), (["first"], [("a",), ("b",)])],
)
def test_what_a_graph_gives_goes_by_the_keys_of_the_dictionary_that_predict_gives(
    tmp_path: Path, keys: Any, expected: list[tuple[str, ...]]
) -> None:
    port = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}]}}
    signature = {
        "inputs": {"x:0": {"name": "x:0", **port}},
        "outputs": {"a:0": {"name": "a:0", **port}, "b:0": {"name": "b:0", **port}},
    }
    metadata = {"signature": signature, "structuredOutputKeys": keys}
    document = {"modelTopology": {"node": [{"name": "a", "op": "NoOp"}]}, "userDefinedMetadata": metadata}
    (tmp_path / "model.json").write_text(json.dumps(document))
    outputs = ports_of(Subject(tmp_path, "tfjs_graph_model")).outputs
    assert outputs is not None
    assert [one.names for one in outputs] == expected
