"""What a graph makes of one example fits into moderate memory, or it is refused with its sizes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from workflow.worker.containment import answers, bounds
from workflow.worker.failure import JobError, VastError

EDGE = bounds.LARGEST_ANSWER // 4


def operation(*shapes: list[int | None] | None) -> Any:
    found = [
        SimpleNamespace(shape=SimpleNamespace(rank=None if shape is None else len(shape), as_list=lambda s=shape: s))
        for shape in shapes
    ]
    return SimpleNamespace(name="n", outputs=found)


def graph(*operations: Any) -> Any:
    return SimpleNamespace(get_operations=lambda: operations)


def function(*shapes: list[int] | None, inner: bool = False) -> Any:
    listed = [
        SimpleNamespace(unknown_rank=shape is None, dim=[SimpleNamespace(size=size) for size in shape or ()])
        for shape in shapes
    ]
    attributes = {"_output_shapes": SimpleNamespace(list=SimpleNamespace(shape=listed))} if shapes else {}
    nodes = [SimpleNamespace(name="n", attr=attributes)]
    library = SimpleNamespace(function=[SimpleNamespace(node_def=nodes)] if inner else [])
    described = SimpleNamespace(node=[] if inner else nodes, library=library)

    def as_graph_def(*, add_shapes: bool) -> Any:
        assert add_shapes
        return described

    return SimpleNamespace(graph=SimpleNamespace(as_graph_def=as_graph_def))


def test_what_is_made_of_one_example_is_moderate_up_to_the_limit() -> None:
    answers.require_moderate_graph(graph(operation([None, EDGE], None, []), operation()))
    with pytest.raises(VastError) as caught:
        answers.require_moderate_graph(graph(operation([1]), operation([None, EDGE + 1, -1])))
    assert str(caught.value) == (
        "the node n makes ? x 134,217,729 x ? values of one example, 536.9 MB; models are compared up to 536.9 MB"
    )


@pytest.mark.parametrize("inner", [False, True])
def test_functions_are_looked_at_with_all_that_they_call(*, inner: bool) -> None:
    answers.require_moderate_function(function([-1, EDGE], None, inner=inner))
    answers.require_moderate_function(function(inner=inner))
    with pytest.raises(VastError, match="the node n makes \\? x 134,217,729 values"):
        answers.require_moderate_function(function(None, [-1, EDGE + 1], inner=inner))


def test_more_may_be_made_where_a_model_is_converted_and_the_error_is_another() -> None:
    most = bounds.LARGEST_CONVERTED // 4
    answers.require_moderate_graph(graph(operation([most])), answers.CONVERSION)
    answers.require_moderate_function(function([most]), answers.CONVERSION)
    for require, given in (
        (answers.require_moderate_graph, graph(operation([2, most]))),
        (answers.require_moderate_function, function([2, most])),
    ):
        with pytest.raises(JobError) as caught:
            require(given, answers.CONVERSION)
        assert caught.value.kind == "too_much"
        assert str(caught.value) == (
            "the node n makes 2 x 268,435,456 values of one example, 2.1 GB; models are converted up to 1.1 GB"
        )


def test_the_limits_are_known() -> None:
    assert (bounds.LARGEST_TENSOR, bounds.LARGEST_CONVERTED) == (1 << 30, 1 << 30)
    assert bounds.LARGEST_ANSWER == 512 << 20
