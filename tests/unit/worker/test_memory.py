"""What is measured of a job's memory."""

from __future__ import annotations

import sys

import pytest

from workflow.worker.memory import MemoryWatch, give_back

MANY = 300 * 10**6

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is the process's, or unknown")


def test_the_peak_is_the_jobs_own() -> None:
    greedy = MemoryWatch()
    held = bytearray(MANY)
    del held
    found = greedy.measured()
    assert found["peak"] >= found["before"] + 0.9 * MANY
    assert found["now"] < found["peak"] - 0.5 * MANY
    modest = MemoryWatch().measured()
    assert modest["peak"] < found["peak"] - 0.5 * MANY


def test_what_is_free_goes_back_to_the_system() -> None:
    scattered = [bytearray(10_000) for _ in range(30_000)]
    scattered = scattered[-1:]  # the rest is free, below one that is not
    kept = MemoryWatch().measured()["now"]
    give_back()
    assert MemoryWatch().measured()["now"] < kept - 0.2 * MANY
    assert scattered
