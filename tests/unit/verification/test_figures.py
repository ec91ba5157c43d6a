from __future__ import annotations

import numpy as np

from workflow.verification.evidence import Histogram, WorstElement
from workflow.verification.figures import histogram, worst_elements


def test_differences_are_counted_by_decade() -> None:
    expected = np.zeros(6, np.float64)
    actual = np.array([0.0, 2e-6, 3e-6, 5e-5, 0.2, 1e-20])
    found = histogram(expected, actual)
    assert (found.zero, found.not_finite) == (1, 0)
    assert found.edges[0] == 1e-12
    assert found.edges[-1] == 1.0
    assert found.counts == (1, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 1)


def test_equal_outputs_are_all_zero() -> None:
    assert histogram(np.ones((2, 3)), np.ones((2, 3))) == Histogram((), (), zero=6)


def test_what_is_not_finite_is_counted_apart() -> None:
    found = histogram(np.array([np.inf, 1.0, 1.0]), np.array([np.inf, np.nan, 1.5]))
    assert found.not_finite == 2
    assert sum(found.counts) == 1


def test_the_worst_elements_come_first_and_equal_ones_not_at_all() -> None:
    expected = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    actual = np.array([[1.0, 2.5], [3.0, 3.0]], np.float32)
    found = worst_elements(expected, actual)
    assert [each.index for each in found] == [(1, 1), (0, 1)]
    assert found[0] == WorstElement((1, 1), expected=4.0, actual=3.0, difference=1.0)


def test_nan_is_worse_than_any_number_and_written_as_text() -> None:
    found = worst_elements(np.array([0.0, 0.0, np.nan]), np.array([100.0, np.nan, np.nan]))
    assert [each.index for each in found] == [(1,), (0,)]
    assert found[0].actual == "nan"


def test_bools_and_ints_differ_like_numbers() -> None:
    assert worst_elements(np.array([True, False]), np.array([True, True]))[0].difference == 1.0
    assert worst_elements(np.array([2**40, 1]), np.array([2**40 + 3, 1]))[0].difference == 3.0
