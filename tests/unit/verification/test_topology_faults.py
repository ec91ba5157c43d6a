"""What inside a topology refers to something that is not there: every kind of fault, by its whole sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow.models.weights_manifest import Weight
from workflow.verification.evidence import Finding
from workflow.verification.topology_faults import ends, graph_faults, inbound, layer_faults

FILE = Path("model.json")


def layer(class_name: str, name: str, *above: str, **config: Any) -> dict[str, Any]:
    nodes = [[[each, 0, 0, {}] for each in above]] if above else []
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}


def model(*layers: dict[str, Any], name: str = "net", **config: Any) -> dict[str, Any]:
    return {"class_name": "Functional", "name": name, "config": {"name": name, "layers": list(layers), **config}}


def faults(config: Any, **shapes: tuple[int, ...]) -> list[Finding]:
    """Return the faults of a layers model whose weights have these shapes, ``__`` for each slash in their names."""
    names = {name.replace("__", "/"): shape for name, shape in shapes.items()}
    weights = {name: Weight(name, shape, "float32") for name, shape in names.items()}
    return layer_faults({"modelTopology": config}, FILE, weights=weights)


X = layer("InputLayer", "x", batch_input_shape=[None, 3])
DENSE = layer("Dense", "d", "x", units=2)
SOUND = {"d__kernel": (3, 2), "d__bias": (2,)}


def test_a_sound_model_has_no_faults() -> None:
    assert faults(model(X, DENSE, input_layers=[["x", 0, 0]], output_layers=["d", 0, 0]), **SOUND) == []
    assert layer_faults({"modelTopology": model(X, DENSE)}, FILE, weights=None) == []


FAULTS: list[tuple[str, Any, dict[str, tuple[int, ...]], list[tuple[str, str]]]] = [
    (
        "two of a name",
        model(X, DENSE, DENSE, X, X),
        SOUND,
        [("3 layers are called x", "x"), ("2 layers are called d", "d")],
    ),
    (
        "fed by none",
        model(X, layer("Add", "sum", "x", "gone", "gone")),
        {},
        [("the layer sum is fed by gone, which is no layer of the model", "gone")] * 2,
    ),
    (
        "ends that are none",
        model(X, input_layers=[["gone", 0, 0], ["x", 0, 0]], output_layers={"a": ["lost", 0, 0]}),
        {},
        [
            ("gone is named among the model's input layers and is no layer of it", "gone"),
            ("lost is named among the model's output layers and is no layer of it", "lost"),
        ],
    ),
    (
        "inside a model inside",
        model(X, model(layer("Dense", "d", "gone", units=2), name="inner")),
        {},
        [("the layer d is fed by gone, which is no layer of the model", "gone")],
    ),
    (
        "a weight of another shape",
        model(X, DENSE),
        {"d__kernel": (3, 4), "d__bias": (2, 1)},
        [
            ("the weight d/kernel has the shape [3, 4], and its layer makes ['any', 2]", "d/kernel"),
            ("the weight d/bias has the shape [2, 1], and its layer makes [2]", "d/bias"),
        ],
    ),
    (
        "a weight that is lacking",
        model(X, DENSE),
        {"d__kernel": (3, 2)},
        [("the layer d (Dense) has no weight d/bias in the manifest", "d/bias")],
    ),
    (
        "a weight that is lacking though its end is another's",
        model(X, DENSE),
        {"d__kernel": (3, 2), "e__bias": (2,), "d__kernelbias": (2,)},
        [("the layer d (Dense) has no weight d/bias in the manifest", "d/bias")],
    ),
    ("weights of which none is the layer's", model(X, DENSE), {"e__kernel": (3, 2)}, []),
    ("a weight by a longer path", model(X, DENSE), {"net__d__kernel": (3, 2), "net__d__cell__bias": (2,)}, []),
    ("a weight of any shape", model(layer("PReLU", "p", "x"), X), {"p__alpha": (1, 7, 3)}, []),
    ("a layer that says too little to know", model(X, layer("Dense", "d", "x")), {"d__other": (1,)}, []),
]


@pytest.mark.parametrize(("config", "shapes", "wanted"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_of_layers_is_told_whole(
    config: Any, shapes: dict[str, tuple[int, ...]], wanted: list[tuple[str, str]]
) -> None:
    assert faults(config, **shapes) == [Finding(text, subject) for text, subject in wanted]


def test_what_is_no_topology_is_one_fault_with_its_remedy() -> None:
    hint = "The topology is damaged, or no Keras or TensorFlow.js wrote it: save or convert the model again."
    nothing: dict[str, Weight] = {}
    for weights in (None, nothing):
        assert layer_faults({}, FILE, weights=weights) == [
            Finding("model.json: the topology is null, not an object", remedy=hint)
        ]


def test_what_feeds_a_layer_is_found_among_its_arguments_too() -> None:
    entry = {"inbound_nodes": [[["a", 0, 0, {"mask": ["m", 1, 0]}]], {"x": ["b", 0, 0]}, 3, ["c", 0], ["c", "0", 0]]}
    assert inbound(entry) == ["a", "m", "b"]
    assert inbound({"inbound_nodes": 3}) == inbound({}) == []


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        (["a", 0, 0], ["a"]),
        ([["a", 0, 0], ["b", 0, 1]], ["a", "b"]),
        ({"q": ["a", 0, 0], "p": ["b", 0, 0]}, ["b", "a"]),
        ([[], 3, [4, 0, 0], ["b"]], ["b"]),
        (None, []),
        ("a", []),
    ],
)
def test_the_ends_of_a_model_are_read_in_every_form(listed: Any, wanted: list[str]) -> None:
    assert ends(model(output_layers=listed), "output_layers") == wanted
    assert ends({"config": []}, "output_layers") == []


def graph(*nodes: dict[str, Any], weights: dict[str, Weight] | None = None, **parts: Any) -> list[Finding]:
    topology = {"node": [{"name": "x", "op": "Placeholder"}, *nodes], "library": parts.pop("library", {})}
    return graph_faults({"modelTopology": topology, **parts}, FILE, weights=weights)


def constant(name: str, dtype: str = "DT_FLOAT", *sizes: int, **more: Any) -> dict[str, Any]:
    shape = {"dim": [{"size": str(size)} for size in sizes]}
    tensor = {"dtype": dtype, "tensorShape": shape, **more}
    return {"name": name, "op": "Const", "attr": {"value": {"tensor": tensor}}}


def test_a_graph_that_lacks_what_it_reads_is_told_whole() -> None:
    relu = {"name": "y", "op": "Relu", "input": ["x:0", "gone:1", "^lost"]}
    signature = {"inputs": {"a": {"name": "x:0"}, "b": {"name": "none:0"}}, "outputs": {"c": {"name": "nil"}}}
    assert graph(relu, relu, {"name": "x", "op": "Relu"}, signature=signature) == [
        Finding("2 nodes are called x", "x"),
        Finding("2 nodes are called y", "y"),
        *[
            Finding("the node y (Relu) reads gone:1, which is not in the graph", "y"),
            Finding("the node y (Relu) reads ^lost, which is not in the graph", "y"),
        ]
        * 2,
        Finding("the signature's input b is the tensor none:0, which is not in the graph", "b"),
        Finding("the signature's output c is the tensor nil, which is not in the graph", "c"),
    ]


def test_constants_are_held_against_the_manifest() -> None:
    weights = {
        "w": Weight("w", (2, 3), "int32"),
        "body/inner": Weight("body/inner", (), "float32"),
        "odd": Weight("odd", (1,), "float32"),
    }
    nodes = [
        constant("w", "DT_FLOAT", 3, 2),
        constant("gone"),
        constant("inline", floatVal=[1.0]),
        constant("inner"),
        constant("odd", "DT_VARIANT", 1),
    ]
    assert graph(*nodes, weights=weights) == [
        Finding("the weight w is int32 in the manifest and float32 in the graph", "w"),
        Finding("the weight w has the shape [2, 3] in the manifest and [3, 2] in the graph", "w"),
        Finding("the constant gone has no weight in the manifest", "gone"),
    ]
    assert graph(*nodes, weights=None) == []


def test_constants_of_functions_are_looked_at_too() -> None:
    library = {"function": [{"signature": {"name": "f"}, "nodeDef": [constant("inner")]}]}
    found = graph(library=library, weights={})
    assert found == [Finding("the constant inner has no weight in the manifest", "inner")]


@pytest.mark.parametrize(
    ("dtype", "held"),
    [
        *((f"DT_{name}", "float32") for name in ("FLOAT", "HALF", "DOUBLE")),
        *((f"DT_{name}", "int32") for name in ("INT32", "INT64")),
        ("DT_BOOL", "bool"),
        ("DT_STRING", "string"),
        ("DT_COMPLEX64", "complex64"),
    ],
)
def test_a_constant_is_held_as_tensorflow_js_holds_its_dtype(dtype: str, held: str) -> None:
    assert graph(constant("w", dtype), weights={"w": Weight("w", (), held)}) == []
    (found,) = graph(constant("w", dtype), weights={"w": Weight("w", (), "uint8")})
    assert found.text == f"the weight w is uint8 in the manifest and {held} in the graph"


def test_a_graph_that_is_none_is_for_the_inspection_to_refuse() -> None:
    assert graph_faults({"modelTopology": {"node": 3}}, FILE, weights={}) == []
