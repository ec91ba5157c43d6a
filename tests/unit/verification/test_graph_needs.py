"""What is drawn for a graph that looks numbers up: below the size of the table that they reach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import DeclinedError
from workflow.models.graph import Constant, Graph, Node, SignaturePort
from workflow.verification.graph_needs import needs_of_graph
from workflow.verification.requests import Subject
from workflow.verification.script_sources import specs_of
from workflow.worker.shared.drawing import Spec
from workflow.worker.shared.needs import Need

if TYPE_CHECKING:
    from pathlib import Path


def table(name: str, *shape: int | None) -> Node:
    return Node(name, "Const", (), Constant("DT_FLOAT", shape, is_inline=False))


def node(name: str, op: str, *inputs: str) -> Node:
    return Node(name, op, inputs)


WORDS = table("words", 7, 3)
AXIS = Node("axis", "Const", (), Constant("DT_INT32", (), is_inline=True))
LOOKUP = node("look", "GatherV2", "words", "x", "axis")


BEHIND = ("words", "flat", "axis")
CAST, FLAT = node("cast", "Cast", "x"), node("flat", "Reshape", "cast", "axis")
READ, AGAIN = node("read", "Identity", "words"), node("again", "Identity", "read")
FEW = [table("few", 4, 2), node("other", "GatherV2", "few", "x", "axis")]


@pytest.mark.parametrize(
    ("nodes", "bound"),
    [
        ([WORDS, AXIS, LOOKUP], 7),
        ([WORDS, node("look", "Gather", "words", "x:0")], 7),
        ([WORDS, CAST, FLAT, AXIS, LOOKUP.replaced(inputs=BEHIND)], 7),
        ([WORDS, READ, AGAIN, AXIS, LOOKUP.replaced(inputs=("again", "x"))], 7),
        ([WORDS, AXIS, LOOKUP, *FEW], 4),
        ([WORDS, node("sum", "AddV2", "x", "one"), LOOKUP.replaced(inputs=("words", "sum"))], None),
        ([WORDS, node("look", "GatherV2", "x", "words")], None),  # looked up in, not looked up
        ([AXIS, LOOKUP], None),
        ([table("words", None, 3), AXIS, LOOKUP], None),
        ([table("words"), AXIS, LOOKUP], None),
        ([node("words", "Identity", "words"), LOOKUP], None),
        ([node("a", "Identity", "x"), node("x", "Identity", "a")], None),
        ([], None),
    ],
)
def test_numbers_that_are_looked_up_are_below_the_size_of_the_table(nodes: list[Node], bound: int | None) -> None:
    graph = Graph((node("x", "Placeholder"), *nodes))
    assert needs_of_graph(graph, ["x"], number={"axis": 0}.get) == [Need(bound=bound)]


@pytest.mark.parametrize(("axis", "bound"), [(0, 7), (1, 3), (-1, 3), (2, None), (-3, None), (None, None)])
def test_a_lookup_goes_along_its_axis(axis: int | None, bound: int | None) -> None:
    behind = LOOKUP.replaced(inputs=("words", "x", "named"))
    graph = Graph((node("x", "Placeholder"), WORDS, AXIS, node("named", "Identity", "axis"), behind))
    assert needs_of_graph(graph, ["x"], number={"axis": axis}.get) == [Need(bound=bound)]


def test_a_table_without_entries_says_nothing() -> None:
    graph = Graph((node("x", "Placeholder"), table("words", 0, 3), AXIS, LOOKUP))
    assert needs_of_graph(graph, ["x"], number={"axis": 0}.get) == [Need()]


def test_inputs_are_found_by_the_keys_of_the_signature_or_by_their_nodes() -> None:
    few = table("few", 4, 2)
    other = node("other", "GatherV2", "few", "y", "axis")
    graph = Graph(
        (node("x", "Placeholder"), node("y", "Placeholder"), WORDS, AXIS, few, LOOKUP, other),
        inputs=(SignaturePort("ids", "x:0", "DT_INT32", (None, 2), is_resource=False),),
    )
    assert [need.bound for need in needs_of_graph(graph, ["ids", "y", "strange"], number={"axis": 0}.get)] == [
        7,
        4,
        None,
    ]


def test_bytes_are_drawn_as_bytes() -> None:
    ports = [SignaturePort(name, name, dtype, (None, 2), is_resource=False) for name, dtype in KINDS.items()]
    graph = Graph((WORDS, AXIS, LOOKUP), inputs=(ports[0],), placeholders=tuple(ports[1:]))
    found = needs_of_graph(graph, list(KINDS), number={"axis": 0}.get)
    assert [need.bound for need in found] == [256, 256, None, 7]


KINDS = {"image": "DT_UINT8", "numbered": "4", "other": "DT_INT32", "x": "DT_UINT8"}
PLACEHOLDERS = [
    {
        "name": "image",
        "op": "Placeholder",
        "attr": {
            "dtype": {"type": "DT_UINT8"},
            "shape": {"shape": {"dim": [{"size": "-1"}, {"size": "4"}, {"size": "3"}]}},
        },
    },
    {"name": "table", "op": "Placeholder", "attr": {"dtype": {"type": "DT_RESOURCE"}}},
    {"name": "out", "op": "Cast", "input": ["image"], "attr": {}},
]


def test_a_graph_without_a_signature_takes_its_placeholders(tmp_path: Path) -> None:
    source = graph_model(tmp_path, PLACEHOLDERS, signature={})
    assert specs_of(source) == [Spec("image", (None, 4, 3), "int32", bound=256)]


def test_a_signature_says_what_a_graph_takes_before_its_placeholders_do(tmp_path: Path) -> None:
    given = {"inputs": {"x": {"name": "image:0", "dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}]}}}}
    source = graph_model(tmp_path, PLACEHOLDERS, signature=given)
    assert specs_of(source) == [Spec("x", (2,), "float32")]


def test_a_graph_without_placeholders_does_not_say_what_it_takes(tmp_path: Path) -> None:
    source = graph_model(tmp_path, [{"name": "out", "op": "NoOp"}], signature={})
    with pytest.raises(DeclinedError, match="its files do not say what it takes"):
        specs_of(source)


def graph_model(folder: Path, nodes: list[dict[str, Any]], *, signature: dict[str, Any]) -> Subject:
    document = {"format": "graph-model", "modelTopology": {"node": nodes}, "signature": signature}
    (folder / "model.json").write_text(json.dumps({**document, "weightsManifest": []}))
    return Subject(folder, "tfjs_graph_model")
