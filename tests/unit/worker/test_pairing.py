from __future__ import annotations

import pytest

from workflow.worker.failure import JobError
from workflow.worker.pairing import PairedPort, pair


def ports(*names: str, shape: tuple[int | None, ...] = (4, 2)) -> list[PairedPort]:
    return [PairedPort(name, shape) for name in names]


def test_equal_names_belong_together_in_whatever_order() -> None:
    found = pair("outputs", ports("a", "b"), result=ports("b", "a"))
    assert [(one.source, one.result, one.by) for one in found] == [(0, 1, "name"), (1, 0, "name")]


def test_numbered_outputs_of_a_graph_follow_the_alphabet_of_the_source() -> None:
    source = ports(*"kjihgfedcba")
    result = ports("Identity:0", "Identity_1:0", "Identity_10:0", *[f"Identity_{n}:0" for n in range(2, 10)])
    found = {source[one.source].name: result[one.result].name for one in pair("outputs", source, result=result)}
    assert (found["a"], found["b"], found["c"], found["k"]) == (
        "Identity:0",
        "Identity_1:0",
        "Identity_2:0",
        "Identity_10:0",
    )


def test_what_is_left_after_names_goes_by_order() -> None:
    found = pair("outputs", ports("x", "kept", "y"), result=ports("Identity_1:0", "kept", "Identity:0"))
    assert [(one.source, one.result) for one in found] == [(0, 2), (1, 1), (2, 0)]


def test_shapes_decide_where_order_does_not_fit() -> None:
    source = [PairedPort("a", (4, 7)), PairedPort("b", (4, 1)), PairedPort("c", (4, 3))]
    result = [PairedPort("p", (4, 1)), PairedPort("q", (4, 3)), PairedPort("r", (4, 7))]
    assert [one.result for one in pair("outputs", source, result=result)] == [2, 0, 1]


def test_an_open_size_fits_every_size() -> None:
    assert len(pair("inputs", ports("x", shape=(None, 8)), result=ports("y", shape=(4, 8)))) == 1


@pytest.mark.parametrize(
    ("source", "result"),
    [
        (ports("a"), ports("a", "b")),
        (ports("a"), [PairedPort("a", (4, 1, 2))]),
        (ports("a"), [PairedPort("b", (4, 3))]),
    ],
)
def test_what_does_not_fit_is_told_with_both_sides(source: list[PairedPort], result: list[PairedPort]) -> None:
    with pytest.raises(JobError, match=r"the source has the outputs a \[4, 2\], the result") as caught:
        pair("outputs", source, result=result)
    assert caught.value.kind == "mismatch"


def words(source: list[PairedPort], result: list[PairedPort]) -> str:
    with pytest.raises(JobError) as caught:
        pair("inputs", source, result=result)
    return str(caught.value)


def test_both_sides_are_told_with_their_shapes() -> None:
    assert words([PairedPort("a", (None, 2)), PairedPort("b", ())], ports("c")) == (
        "the source has the inputs a [None, 2], b [], the result c [4, 2]"
    )
    assert words(ports("a"), []) == "the source has the inputs a [4, 2], the result (none)"
    assert words([], ports("a")) == "the source has the inputs (none), the result a [4, 2]"


@pytest.mark.parametrize(
    ("source", "result", "expected"),
    [
        (["b", "a"], ["y", "x"], [(0, 0), (1, 1)]),
        (["b", "a"], ["Identity", "Identity_1"], [(0, 1), (1, 0)]),
        (["a"], ["b"], [(0, 0)]),
        ([], [], []),
    ],
)
def test_without_a_common_name_numbers_follow_the_alphabet_and_names_the_list(
    source: list[str], result: list[str], expected: list[tuple[int, int]]
) -> None:
    found = pair("outputs", ports(*source), result=ports(*result))
    assert [(one.source, one.result) for one in found] == expected
    assert {one.by for one in found} <= {"order"}


def test_where_neither_order_fits_the_listed_one_is_tried_before_shapes() -> None:
    source = [PairedPort("b", (4, 1)), PairedPort("a", (4, 2))]
    result = [PairedPort("p", (4, 1)), PairedPort("q", (4, 2))]
    assert [(one.source, one.result) for one in pair("outputs", source, result=result)] == [(0, 0), (1, 1)]
    wide = [PairedPort("a", (None, None)), PairedPort("b", (4, 3))]
    narrow = [PairedPort("p", (4, 3)), PairedPort("q", (4, 5))]
    assert words(wide, narrow).startswith("the source has the inputs a [None, None], b [4, 3]")


@pytest.mark.parametrize("other", [(4,), (4, 2, 1), (5, 2), (4, 3)])
def test_shapes_of_another_rank_or_size_do_not_fit(other: tuple[int, ...]) -> None:
    assert words(ports("a"), [PairedPort("a", other)])
    assert pair("inputs", [PairedPort("a", other)], result=[PairedPort("b", (None,) * len(other))])
