"""The figures of one output, also where there is nothing to compare, and files that end too soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.unit.verification.models import layers_model
from workflow.verification.figures import measure
from workflow.verification.structure import check

if TYPE_CHECKING:
    from pathlib import Path


def test_where_no_numbers_are_nothing_is_far() -> None:
    nothing = np.full((2, 3), np.nan, np.float32)
    found = measure(nothing, np.ones((2, 3), np.float32))
    assert (found["max_abs"], found["mean_abs"], found["p99"], found["relative"]) == (0.0, 0.0, 0.0, None)
    assert found["finite"] == {"source": False, "result": True}


def test_a_constant_reference_has_no_relative_distance() -> None:
    ones = np.ones((2, 3), np.float32)
    found = measure(ones, ones + np.float32(0.5))
    assert (found["max_abs"], found["relative"]) == (0.5, None)


def test_distances_are_told_as_a_whole_and_relative_to_the_span() -> None:
    reference = np.array([[0.0, 4.0], [2.0, 1.0]], np.float32)
    found = measure(reference, reference + np.array([[0.0, 0.0], [1.0, 0.0]], np.float32))
    assert (found["max_abs"], found["mean_abs"], found["relative"]) == (1.0, 0.25, 0.25)
    assert 0.9 < found["p99"] < 1.0


def test_of_a_file_that_ends_too_soon_the_first_weight_that_is_cut_is_named(tmp_path: Path) -> None:
    model = layers_model(tmp_path / "web")
    files = sorted(model.path.glob("*.bin"))
    sizes = [file.stat().st_size for file in files]
    assert sum(sizes) == 4 * (36 + 6 + 36 + 6 + 24 + 4)
    files[-1].write_bytes(files[-1].read_bytes()[:-8])
    (finding,) = check(model).findings
    assert "the weight third/bias is cut off" in finding.text
    assert finding.subject == files[-1].name
