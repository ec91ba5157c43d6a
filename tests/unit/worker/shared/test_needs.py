"""What inputs mean to a model of layers, read from configurations of each Keras and of TensorFlow.js."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.worker.shared.needs import Need, needs_of

Json = dict[str, Any]
NOTHING = Need()


def layer(class_name: str, name: str, *sources: str, dialect: str = "keras2", **options: Any) -> Json:
    """Return a layer of a functional model that is called once, on the first outputs of its sources."""
    keys = [[source, 0, 0, {}] for source in sources]
    nodes: Any = [keys]
    if dialect == "keras3":
        tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": key[:3]}} for key in keys]
        nodes = [{"args": tensors if len(tensors) == 1 else [tensors], "kwargs": {"mask": None}}]
    return {"class_name": class_name, "name": name, "config": {"name": name, **options}, "inbound_nodes": nodes}


def functional(inputs: list[str], layers: list[Json], *, name: str = "model") -> Json:
    ends = [[one, 0, 0] for one in inputs]
    return {"class_name": "Functional", "name": name, "config": {"name": name, "layers": layers, "input_layers": ends}}


def sequential(*layers: Json, name: str = "model") -> Json:
    return {"class_name": "Sequential", "name": name, "config": {"name": name, "layers": list(layers)}}


EMBEDDING: dict[str, Any] = {"input_dim": 7, "output_dim": 2}
FIRST = [
    (layer("Embedding", "e", **EMBEDDING), Need(bound=7)),
    (layer("Embedding", "e", **EMBEDDING, mask_zero=True), Need(bound=7, blank=0.0)),
    (layer("Masking", "m", mask_value=-1), Need(blank=-1.0)),
    (layer("Masking", "m"), Need(blank=0.0)),
    (layer("Rescaling", "r", scale=1 / 255), Need(pixels=True)),
    (layer("Normalization", "n"), Need(pixels=True)),
    (layer("CategoryEncoding", "c", num_tokens=4), Need(bound=4)),
    (layer("TimeDistributed", "t", layer=layer("Embedding", "e", **EMBEDDING)), Need(bound=7)),
    (sequential(layer("Rescaling", "r")), Need(pixels=True)),
    (layer("Dense", "d", units=3), NOTHING),
]


@pytest.mark.parametrize(("first", "need"), FIRST, ids=lambda one: one["class_name"] if isinstance(one, dict) else "")
def test_the_first_layer_says_what_its_input_means(first: Json, need: Need) -> None:
    assert needs_of(sequential(first, layer("Rescaling", "later")), ["any name"])[0].also(need) == (
        need.also(Need(pixels=True)) if first["class_name"] == "Masking" else need
    )


@pytest.mark.parametrize("dialect", ["keras2", "keras3"])
def test_each_input_is_followed_to_all_that_sees_its_values_as_they_are(dialect: str) -> None:
    def call(*args: str, **options: Any) -> Json:
        return layer(*args, dialect=dialect, **options)

    inner = functional(["x", "y"], [layer("InputLayer", "x"), layer("InputLayer", "y"), call("Rescaling", "r", "y")])
    model = functional(
        ["a", "b", "c"],
        [
            *(layer("InputLayer", name) for name in "abc"),
            call("Masking", "masking", "a", mask_value=2.0),
            call("GRU", "gru", "masking"),
            call("Reshape", "reshape", "b"),
            call("Embedding", "small", "reshape", input_dim=3),
            call("Embedding", "large", "b", input_dim=9, mask_zero=True),
            {**call("Functional", "inner", "gru", "c"), "config": inner["config"]},
            call("Rescaling", "too late", "small"),
        ],
    )
    needs = {"a": Need(blank=2.0), "b": Need(bound=3, blank=0.0), "c": Need(pixels=True)}
    assert needs_of(model, "abc") == list(needs.values())
    assert needs_of(model, "cab") == [needs[name] for name in "cab"]
    assert needs_of(model, ["signature_a", "signature_b", "c"]) == list(needs.values())
    assert needs_of(model, ["a", "x"]) == [NOTHING, NOTHING]


def endless() -> Json:
    model = sequential(layer("Dense", "d"))
    model["config"]["layers"][0] = model
    return model


@pytest.mark.parametrize(
    "container",
    [
        *(None, 3, {}, {"class_name": "Sequential"}, {"class_name": "Sequential", "config": {"layers": []}}),
        sequential({"class_name": "Embedding"}),
        sequential(layer("Embedding", "e", input_dim="many")),
        *(sequential(layer("Embedding", "e", input_dim=count)) for count in (0, -3, float("inf"))),
        sequential(layer("Masking", "m", mask_value=10**400)),
        sequential(layer("CategoryEncoding", "c", num_tokens=0)),
        functional(["a"], [{"class_name": "Dense"}]),
        {"class_name": "Functional", "config": {"layers": 3}},
        endless(),
    ],
    ids=lambda one: str(one)[:40],
)
def test_a_configuration_that_makes_no_sense_needs_nothing(container: Any) -> None:
    assert needs_of(container, ["a"]) == [NOTHING]
