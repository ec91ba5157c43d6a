"""What is measured of a job's memory."""

from __future__ import annotations

import sys

import pytest

from workflow.worker.memory import Watch

MANY = 300 * 10**6

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is the process's, or unknown")


def test_the_peak_is_the_jobs_own() -> None:
    greedy = Watch()
    held = bytearray(MANY)
    del held
    found = greedy.measured()
    assert found["peak"] >= found["before"] + 0.9 * MANY
    assert found["now"] < found["peak"] - 0.5 * MANY
    modest = Watch().measured()
    assert modest["peak"] < found["peak"] - 0.5 * MANY
