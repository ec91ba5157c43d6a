"""Graphs of model.json, read once: what is in them, and the place of what is not as it must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fuzzing import models
from workflow.base.errors import ModelFileError
from workflow.models import strict_json
from workflow.models.graph import Graph, node_name, read_graph

FILE = Path("model.json")
X = {"name": "x", "op": "Placeholder"}


def graph_of(*nodes: Any, **parts: Any) -> Graph:
    return read_graph({"modelTopology": {"node": [X, *nodes], **parts.pop("topology", {})}, **parts}, FILE)


def const(**tensor: Any) -> dict[str, Any]:
    return {"name": "c", "op": "Const", "attr": {"value": {"tensor": tensor}}}


def refusal(*nodes: Any, **parts: Any) -> str:
    with pytest.raises(ModelFileError) as caught:
        graph_of(*nodes, **parts)
    assert caught.value.hint
    return caught.value.message


def test_everything_that_is_asked_for_is_read(tmp_path: Path) -> None:
    document = strict_json.read_object(models.graph(tmp_path / "graph") / "model.json", "a graph")
    graph = read_graph(document, FILE)
    by_name = {node.name: node for node in graph.nodes}
    assert len(graph.nodes) == len(by_name) == 10
    assert by_name["w"].constant is not None
    assert by_name["w"].constant.shape == (2, 3)
    assert by_name["fused"].fused == ("Qmlhc0FkZA==", "UmVsdQ==")
    assert by_name["y"].feeds == ("chosen", "asked")
    assert [name for name, _ in graph.bodies()] == ["", "then_1/"]
    assert [(port.name, port.tensor, port.dtype, port.shape) for port in graph.inputs] == [
        ("x", "x:0", "DT_FLOAT", (None, 2))
    ]


def test_a_signature_in_the_metadata_counts_where_there_is_no_other() -> None:
    old = {"outputs": {"y": {"name": "x:0"}}}
    assert graph_of(userDefinedMetadata={"signature": old}).outputs[0].name == "y"
    new = {"outputs": {"z": {"dtype": 1}}}
    assert graph_of(userDefinedMetadata={"signature": old}, signature=new).outputs[0].dtype == "DT_FLOAT"
    assert graph_of(userDefinedMetadata="by me").outputs == ()


def test_numbers_may_be_text_as_protobuf_writes_them() -> None:
    for size in (3, "3"):
        constant = graph_of(const(dtype="DT_INT32", tensorShape={"dim": [{"size": size}, {}]})).nodes[1].constant
        assert constant is not None
        assert constant.shape == (3, 0)
    unknown = graph_of(const(tensorShape={"unknownRank": True})).nodes[1].constant
    assert unknown is not None
    assert unknown.shape is None


@pytest.mark.parametrize(
    ("dims", "shape"),
    [
        ([{"size": "1"}] * 254, (1,) * 254),
        ([{"size": str(10**15)}, {}], (10**15, 0)),
        ([{"size": 2**53}], (2**53,)),
        ([{"size": "007"}], (7,)),
        (None, ()),
    ],
)
def test_shapes_are_read_up_to_their_bounds(dims: Any, shape: tuple[int, ...]) -> None:
    constant = graph_of(const(tensorShape={"dim": dims})).nodes[1].constant
    assert constant is not None
    assert constant.shape == shape


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((1, "DT_FLOAT"), (2, "DT_DOUBLE"), (3, "DT_INT32"), (7, "DT_STRING"), (8, "DT_COMPLEX64"), (9, "DT_INT64")),
        *((10, "DT_BOOL"), (19, "DT_HALF"), (20, "DT_RESOURCE"), (99, "99"), ("DT_X", "DT_X"), (None, "")),
    ],
)
def test_a_dtype_may_be_a_number(number: Any, name: str) -> None:
    constant = graph_of(const(dtype=number)).nodes[1].constant
    assert constant is not None
    assert (constant.dtype, constant.is_inline) == (name, False)


@pytest.mark.parametrize(
    "key",
    ["tensorContent", "floatVal", "intVal", "int64Val", "boolVal", "stringVal", "doubleVal", "halfVal"],
)
def test_a_constant_whose_values_stand_in_the_graph_is_inline(key: str) -> None:
    constant = graph_of(const(dtype="DT_FLOAT", **{key: [1]})).nodes[1].constant
    assert constant is not None
    assert constant.is_inline


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (const(tensorShape={"dim": [{}] * 255}), "tensorShape has 255 dimensions"),
        (3, "node 2 is a number, not an object"),
        ({"op": "Relu"}, "node 2, name is null, not text"),
        ({"name": "a", "op": []}, "node 2 'a', op is a list, not text"),
        ({"name": "a", "op": "Relu", "input": "x"}, "node 2 'a', input is text, not a list"),
        ({"name": "a", "op": "Relu", "input": ["x", 3]}, "node 2 'a', input 2 is a number, not text"),
        ({"name": "a", "op": "Relu", "attr": []}, "node 2 'a', attr is a list, not an object"),
        ({"name": "a", "op": "Relu", "attr": {"T": 1}}, "node 2 'a', attr 'T' is a number, not an object"),
        ({"name": "a" * 20_000, "op": "Relu"}, "name is text of 20,000 characters"),
        (const(dtype=[]), "node 2 'c', attr value, tensor, dtype is a list, not text"),
        (const(tensorShape=3), "tensorShape is a number, not an object"),
        (const(tensorShape={"dim": 3}), "tensorShape, dim is a number, not a list"),
        (const(tensorShape={"dim": [3]}), "dim 1 is a number, not an object"),
        (const(tensorShape={"dim": [{"size": "1e3"}]}), "dim 1, size is '1e3', not a whole number"),
        (const(tensorShape={"dim": [{"size": 1.5}]}), "dim 1, size is a number, not a whole number"),
        (const(tensorShape={"dim": [{"size": "-1"}]}), "not made of whole numbers"),
        (const(tensorShape={"dim": [{}] * 300}), "has 300 dimensions"),
        ({"name": "a", "op": "B", "attr": {"fused_ops": {"list": 3}}}, "attr fused_ops, list is a number"),
        ({"name": "a", "op": "B", "attr": {"fused_ops": {"list": {"s": [3]}}}}, "text 1 is a number, not text"),
    ],
)
def test_a_node_is_refused_by_its_place(node: Any, words: str) -> None:
    message = refusal(node)
    assert words in message
    assert message.startswith("model.json: ")
    assert len(message) < 300


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"topology": {"library": {"function": 3}}}, "the library, function is a number, not a list"),
        ({"topology": {"library": {"function": [{}]}}}, "function 1, signature is null, not an object"),
        (
            {"topology": {"library": {"function": [{"signature": {"name": "f"}, "nodeDef": [1]}]}}},
            "function 1 'f', node 1 is a number, not an object",
        ),
        ({"signature": []}, "signature is a list, not an object"),
        ({"signature": {"inputs": {"x": 3}}}, "signature, inputs, port 'x' is a number, not an object"),
        ({"signature": {"inputs": {"x": {"name": 3}}}}, "port 'x', name is a number, not text"),
        ({"userDefinedMetadata": {"structuredOutputKeys": [1]}}, "structuredOutputKeys, key 1 is a number"),
        ({"modelInitializer": {"node": [1]}}, "modelInitializer, node 1 is a number"),
        ({"initializerSignature": {"outputs": 1}}, "initializerSignature, outputs is a number"),
    ],
)
def test_what_is_beside_the_nodes_is_refused_by_its_place(parts: dict[str, Any], words: str) -> None:
    assert words in refusal(**parts)


def test_what_a_graph_does_not_have_is_empty() -> None:
    nodes: list[Any] = [None, {}, {"node": []}]
    without: list[dict[str, Any]] = [{}, *({"modelInitializer": one} for one in nodes)]
    for nothing in without:
        found = graph_of(**nothing)
        assert (found.functions, found.inputs, found.outputs, found.initializer) == ((), (), (), ())
    filled = graph_of(modelInitializer={"node": [{"name": "table", "op": "HashTableV2"}]})
    assert [(node.name, node.op) for node in filled.initializer] == [("table", "HashTableV2")]


def test_the_node_of_a_tensor() -> None:
    assert [node_name(tensor) for tensor in ("x", "x:1", "^x")] == ["x"] * 3


def test_a_description_that_would_fill_the_memory_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(b'{"a":[' + b"{}," * 16_000_000 + b"{}]}")
    with pytest.raises(ModelFileError, match=r"would take 1\.\d GiB to read"):
        strict_json.read_object(path, "a model")


def test_a_large_description_of_much_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(b'{"words": "' + b"w" * (20 << 20) + b'"}')
    assert len(strict_json.read_object(path, "a model")["words"]) == 20 << 20
