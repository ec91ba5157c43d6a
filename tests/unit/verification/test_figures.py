"""The figures of one output, also where there is nothing to compare, and files that end too soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.unit.verification.models import layers_model
from workflow.verification.evidence import FiniteSides, Histogram, WorstElement
from workflow.verification.figures import histogram, measure, worst_elements
from workflow.verification.structure import check

if TYPE_CHECKING:
    from pathlib import Path


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


def test_where_no_numbers_are_nothing_is_far() -> None:
    nothing = np.full((2, 3), np.nan, np.float32)
    found = measure(nothing, np.ones((2, 3), np.float32))
    assert (found.max_abs, found.mean_abs, found.p99, found.relative) == (0.0, 0.0, 0.0, None)
    assert found.finite == FiniteSides(source=False)


def test_a_constant_reference_has_no_relative_distance() -> None:
    ones = np.ones((2, 3), np.float32)
    found = measure(ones, ones + np.float32(0.5))
    assert (found.max_abs, found.relative) == (0.5, None)


def test_distances_are_told_as_a_whole_and_relative_to_the_span() -> None:
    reference = np.array([[0.0, 4.0], [2.0, 1.0]], np.float32)
    found = measure(reference, reference + np.array([[0.0, 0.0], [1.0, 0.0]], np.float32))
    assert (found.max_abs, found.mean_abs, found.relative) == (1.0, 0.25, 0.25)
    assert found.p99 is not None
    assert 0.9 < found.p99 < 1.0


def test_of_a_file_that_ends_too_soon_the_first_weight_that_is_cut_is_named(tmp_path: Path) -> None:
    model = layers_model(tmp_path / "web")
    files = sorted(model.path.glob("*.bin"))
    sizes = [file.stat().st_size for file in files]
    assert sum(sizes) == 4 * (36 + 6 + 36 + 6 + 24 + 4)
    files[-1].write_bytes(files[-1].read_bytes()[:-8])
    (finding,) = check(model).findings
    assert "the weight third/bias is cut off" in finding.text
    assert finding.subject == files[-1].name
