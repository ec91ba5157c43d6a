"""A table is filled from an asset of its own model, however the name of the file comes to it, and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.worker.containment.protobufs import Part, attribute, function, graph, node
from workflow.worker.containment import file_names, folders
from workflow.worker.failure import JobError

ASSETS = {"words.txt": "asset:0", "more.txt": "other:0"}


def table(*inputs: str, op: str = "InitializeTableFromTextFileV2") -> Any:
    return node("fill", op, *inputs)


def refusal(given: Any, part: Any = None) -> str:
    with pytest.raises(JobError) as caught:
        file_names.require_own(given, part)
    assert caught.value.kind == "leads_out"
    return str(caught.value)


NO_ASSET = "the table fill reads a file that is no asset of the model"


@pytest.mark.parametrize("op", ["InitializeTableFromTextFile", "InitializeTableFromTextFileV2"])
@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ([table("t", "asset:0")], None),
        ([table("^wait", "t", "other")], None),
        ([node("asset", "Const"), table("t", "asset:0")], None),
        ([node("same", "Identity", "^wait", "asset:0"), table("t", "same:0")], None),
        ([node("asset2", "Const"), table("t", "asset2:0")], "the node asset2 (Const)"),
        ([node("same", "Identity", "path:0"), node("path", "Const"), table("t", "same:0")], "the node path (Const)"),
        ([node("joined", "StringJoin", "asset:0"), table("t", "joined:0")], "the node joined (StringJoin)"),
        ([table("t", "nowhere:0")], "nowhere"),
        ([table("t")], ""),
    ],
)
def test_the_name_of_a_file_is_that_of_an_asset(nodes: list[Any], named: str | None, op: str) -> None:
    nodes[-1].op = op
    if named is None:
        file_names.require_own(graph(*nodes), Part.of(ASSETS))
        assert refusal(graph(*nodes)).startswith(NO_ASSET)  # nor has a graph alone any assets
    else:
        assert refusal(graph(*nodes), Part.of(ASSETS)) == f"{NO_ASSET}: {named} names it"
    nodes[-1].op = "LookupTableImportV2"
    file_names.require_own(graph(*nodes), Part.of(ASSETS))


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ([node("write", "AssignVariableOp", "v", "asset"), node("read", "ReadVariableOp", "v", "^write")], None),
        ([node("write", "AssignVariableOp", "v", "asset"), node("read", "ReadVariableOp", "v")], "read"),
        (
            [
                node("write", "AssignVariableOp", "v", "asset"),
                node("more", "AssignAddVariableOp", "v", "path"),
                node("read", "ReadVariableOp", "v", "^write", "^more"),
            ],
            "path",
        ),
        (
            [
                node("write", "AssignVariableOp", "v", "asset"),
                node("less", "AssignSubVariableOp", "v", "asset"),
                node("read", "ReadVariableOp", "v", "^write"),
            ],
            "read",
        ),
        (
            [
                node("write", "AssignVariableOp", "v", "asset"),
                node("beside", "AssignVariableOp", "w", "path"),
                node("read", "ReadVariableOp", "v", "^write"),
            ],
            None,
        ),
        ([node("read", "ReadVariableOp", "v")], "read"),
    ],
)
def test_of_a_variable_all_counts_that_it_is_given_before_it_is_read(nodes: list[Any], named: str | None) -> None:
    given = graph(*nodes, table("t", "read:0"))
    if named is None:
        file_names.require_own(given, Part.of(ASSETS))
    else:
        what = "the node read (ReadVariableOp)" if named == "read" else named
        assert refusal(given, Part.of(ASSETS)) == f"{NO_ASSET}: {what} names it"


FILLING = function("filling", "table file", table("table", "file"))


@pytest.mark.parametrize("op", ["PartitionedCall", "StatefulPartitionedCall", "filling"])
def test_what_a_function_is_called_with_counts_wherever_it_is_called(op: str) -> None:
    def calling(*inputs: str) -> Any:
        return node("call", op, *inputs, f=attribute("filling" if op != "filling" else ""))

    file_names.require_own(graph(calling("t", "asset:0"), functions=(FILLING,)), Part.of(ASSETS))
    both = graph(calling("t", "asset:0"), calling("t", "path:0"), functions=(FILLING,))
    both.node[1].name = "again"
    assert refusal(both, Part.of(ASSETS)) == f"{NO_ASSET}: path names it"
    outer = function("outer", "unused name", calling("unused", "name"))
    passed = graph(node("start", "outer", "x", "asset"), functions=(FILLING, outer))
    file_names.require_own(passed, Part.of(ASSETS))
    wrong = graph(node("start", "outer", "asset", "path"), functions=(FILLING, outer))
    assert refusal(wrong, Part.of(ASSETS)) == f"{NO_ASSET}: path names it"


def test_a_name_inside_a_function_is_no_asset_of_the_graph() -> None:
    inner = function("inner", "", node("asset", "Const"), table("t", "asset"))
    assert refusal(graph(functions=(inner,)), Part.of(ASSETS)) == f"{NO_ASSET}: the node asset (Const) names it"
    inner = function("inner", "", table("t", "asset"))
    assert refusal(graph(functions=(inner,)), Part.of(ASSETS)) == f"{NO_ASSET}: asset names it"


@pytest.mark.parametrize("given", [attribute("filling"), attribute("", "other", "filling")])
def test_a_function_that_is_called_in_another_way_is_refused(given: Any) -> None:
    calling = node("loop", "While", "t", "asset", body=given)
    assert refusal(graph(calling, functions=(FILLING,)), Part.of(ASSETS)) == (
        "the table fill reads a file that loop (While) names"
    )


def test_functions_that_call_each_other_are_followed_once() -> None:
    one = function("one", "file", node("two", "two", "file"), table("t", "file"))
    two = function("two", "file", node("one", "one", "file"))
    file_names.require_own(graph(node("start", "one", "asset"), functions=(one, two)), Part.of(ASSETS))
    wrong = graph(node("start", "two", "path"), functions=(one, two))
    assert refusal(wrong, Part.of(ASSETS)) == f"{NO_ASSET}: path names it"


@pytest.mark.parametrize(
    ("bound", "objects", "good"),
    [
        ([0], (True,), True),
        ([0], (False,), False),
        ([1, 0], (True, False), True),
        ([0, 1], (True, False), False),
        ([], (), False),
        ([0, 0, 1], (False, True), True),
    ],
)
def test_what_a_function_is_bound_to_is_an_asset(bound: list[int], objects: tuple[bool, ...], *, good: bool) -> None:
    part = Part.of({}, {"filling": bound}, objects=objects)
    given = graph(functions=(FILLING,))
    if good:
        file_names.require_own(given, part)
    else:
        assert refusal(given, part) == NO_ASSET
    file_names.require_own(given, Part.of({}, {"others": []}))


@pytest.mark.parametrize("name", ["words.txt", "in/words.txt"])
def test_an_asset_lies_among_the_assets(name: str) -> None:
    folders.require_own_assets(Part.of({name: "a:0"}))
    for outside in (f"../{name}", f"/{name}", f"in\\{name}", ""):
        with pytest.raises(JobError) as caught:
            folders.require_own_assets(Part.of({name: "a:0", outside: "b:0"}))
        words = f"its asset {outside!r} is not one of the files in its folder assets"
        assert (caught.value.kind, str(caught.value)) == ("leads_out", words)
