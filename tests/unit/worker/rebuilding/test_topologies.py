"""What of a topology is put right without TensorFlow: names inside functions, texts as codes, and ops that are told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from workflow.worker.failure import JobError
from workflow.worker.rebuilding import topologies


def node(name: str, *inputs: str, op: str = "Relu", **attributes: Any) -> Any:
    return SimpleNamespace(
        name=name,
        op=op,
        input=list(inputs),
        attr=attributes,
        device="/gpu:0",
        info=["debug"],
        ClearField=lambda field: cleared.append((name, field)),
    )


cleared: list[tuple[str, str]] = []


def function(name: str, *nodes: Any, ret: dict[str, str] | None = None, control: dict[str, str] | None = None) -> Any:
    signature = SimpleNamespace(name=name)
    return SimpleNamespace(signature=signature, node_def=list(nodes), ret=ret or {}, control_ret=control or {})


def graph(*nodes: Any, functions: tuple[Any, ...] = ()) -> Any:
    return SimpleNamespace(node=list(nodes), library=SimpleNamespace(function=list(functions)))


def test_nodes_inside_functions_get_names_that_tensorflow_takes_with_all_that_refers_to_them() -> None:
    inner = function(
        "f",
        *(node("__inference_a"), node("_b", "__inference_a:output:0", "^_b"), node("b"), node("__"), node("_")),
        *(node("c", "_b:0", "argument", "^__inference_a", "__"),),
        ret={"y": "_b:z:0", "x": "argument"},
        control={"done": "__inference_a"},
    )
    plain = function("g", node("x", "y:0"), ret={"y": "x:0"})
    given = graph(node("_kept", "_b"), functions=(inner, plain))
    topologies.spell_names(given)
    assert [one.name for one in inner.node_def] == ["inference_a", "b_1", "b", "node_1", "node", "c"]
    assert inner.node_def[1].input == ["inference_a:output:0", "^b_1"]
    assert inner.node_def[5].input == ["b_1:0", "argument", "^inference_a", "node_1"]
    assert (inner.ret, inner.control_ret) == ({"y": "b_1:z:0", "x": "argument"}, {"done": "inference_a"})
    assert (given.node[0].name, given.node[0].input) == ("_kept", ["_b"])
    assert (plain.node_def[0].input, plain.ret) == (["y:0"], {"y": "x:0"})


def test_a_graph_is_looked_at_with_its_functions() -> None:
    given = graph(node("a"), functions=(function("f", node("b")), function("g")))
    assert [(name, [one.name for one in nodes]) for name, nodes in topologies.bodies(given)] == [
        *(("", ["a"]), ("f", ["b"]), ("g", [])),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"s": [72, 105]}, {"s": "SGk="}),
        ({"s": "SGk="}, {"s": "SGk="}),
        ({"s": []}, {"s": []}),
        ({"s": [[72], [105, 0]]}, {"s": ["SA==", "aQA="]}),
        ({"s": [[72], "aQ=="]}, {"s": ["SA==", "aQ=="]}),
        ({"list": {"s": [[255], [0]]}}, {"list": {"s": ["/w==", "AA=="]}}),
        ({"list": {"s": ["AA=="]}}, {"list": {"s": ["AA=="]}}),
        ({"list": {"i": [1]}, "i": 1}, {"list": {"i": [1]}, "i": 1}),
        ({}, {}),
        (None, None),
    ],
)
def test_texts_that_are_codes_of_characters_become_base64(given: Any, expected: Any) -> None:
    topologies._spell_bytes(given)
    assert given == expected


def test_all_nodes_that_a_topology_describes_are_found() -> None:
    functions = [{"nodeDef": [1, 2]}, {"node_def": [3]}, {}, {"nodeDef": [], "node_def": [4]}]
    described: dict[str, Any] = {"node": [0], "library": {"function": functions}}
    found: list[Any] = list(topologies._described_nodes(described))
    assert found == [0, 1, 2, 3, 4]
    nothing: list[dict[str, Any]] = [{}, {"node": None, "library": None}, {"library": {"function": None}}]
    for empty in nothing:
        assert list(topologies._described_nodes(empty)) == []


KNOWN = {"Relu": {"T"}, "Const": {"dtype", "value"}}


@pytest.fixture
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow, as far as its ops go."""
    cleared.clear()
    monkeypatch.setattr(topologies, "_attributes", KNOWN.get)


@pytest.mark.usefixtures("_known")
def test_what_binds_nodes_to_where_they_come_from_is_taken_out() -> None:
    inner = function("f", node("b", op="Const", value=1, T=2, _output_shapes=3))
    given = graph(
        node("a", T=1, other=2, _class=3),
        node("c", op="f", own=1, _x=2),
        node("d", op="Nobodys", own=1),
        functions=(inner,),
    )
    topologies.clean(given)
    assert [one.attr for one in (*given.node, *inner.node_def)] == [{"T": 1}, {"own": 1}, {"own": 1}, {"value": 1}]
    assert {one.device for one in (*given.node, *inner.node_def)} == {""}
    assert cleared == [(name, "experimental_debug_info") for name in "acdb"]


@pytest.mark.usefixtures("_known")
def test_ops_that_tensorflow_does_not_have_are_told_with_the_nodes_that_use_them() -> None:
    many = [node(f"n{number}", op="Strange") for number in range(7)]
    inner = function("f", node("in", op="Odd"))
    given = graph(*many, node("call", op="f"), node("fine"), functions=(inner,))
    with pytest.raises(JobError) as caught:
        topologies.check_ops(given, unsafe=False)
    words = "Odd (at in); Strange (at n0, n1, n2, n3, n4 and 2 more)"
    assert (caught.value.kind, str(caught.value)) == ("foreign_ops", words)
    given = graph(*many[:5], functions=())
    with pytest.raises(JobError, match=r"^Strange \(at n0, n1, n2, n3, n4\)$"):
        topologies.check_ops(given, unsafe=True)
    topologies.check_ops(graph(node("call", op="f"), functions=(function("f", node("x")),)), unsafe=False)
    for unsafe in (False, True):
        reaching = graph(node("evil", op="WriteFile"))
        with pytest.raises(JobError) as refused:
            topologies.check_ops(reaching, unsafe=unsafe)
        assert refused.value.kind == ("foreign_ops" if unsafe else "outside_ops")
