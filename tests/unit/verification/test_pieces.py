"""Where a part of a weight may have been cut out, and what is called zeros."""

from __future__ import annotations

import numpy as np
import pytest

from workflow.verification.pieces import is_called_zeros, places_in


def begins(whole: tuple[int, ...], part: tuple[int, ...]) -> list[tuple[int, ...]]:
    array = np.arange(np.prod(whole)).reshape(whole)
    return [tuple(array[place].reshape(-1)[:2]) for place in places_in(whole, part)]


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        ((3, 12), (3, 8), [(0, 1), (4, 5)]),
        ((3, 12), (3, 4), [(0, 1), (4, 5), (8, 9)]),
        ((4, 3), (2, 3), [(0, 1), (6, 7)]),
        ((2, 18), (18,), [(0, 1), (18, 19)]),
        ((3, 3, 2, 8), (3, 3, 2, 4), [(0, 1), (4, 5)]),
    ],
)
def test_gates_groups_and_rows_lie_in_equal_steps(
    whole: tuple[int, ...], part: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    assert begins(whole, part) == expected


@pytest.mark.parametrize(
    ("whole", "part"), [((3, 12), (3, 12)), ((3, 12), (2, 8)), ((3, 8), (3, 12)), ((1000, 64), (64,)), ((4, 4), (0, 4))]
)
def test_what_is_no_part_along_one_axis_has_no_place(whole: tuple[int, ...], part: tuple[int, ...]) -> None:
    assert begins(whole, part) == []


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("m/lstm/zeros", True),
        ("m/lstm/zeros_1/Const", True),
        ("zeros_like", True),
        ("m/nonzeros", False),
        ("m/zeros/x", False),
    ],
)
def test_nodes_that_hold_a_state_to_begin_with_are_called_zeros(name: str, *, is_so: bool) -> None:
    assert is_called_zeros(name) is is_so
