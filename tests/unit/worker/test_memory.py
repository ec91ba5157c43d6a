"""What is measured of a job's memory."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.worker import memory
from workflow.worker.memory import MemoryWatch, give_back

if TYPE_CHECKING:
    from pathlib import Path

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


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_where_linux_tells_nothing_the_highest_is_that_of_the_process_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_STATUS", str(tmp_path / "nothing"))
    monkeypatch.setattr(memory, "_FORGET_PEAK", (str(tmp_path / "asked"), "5"))  # the system's peak would be lower then
    low = peak() * 1024
    found = MemoryWatch().measured()
    assert list(found) == ["peak"]
    assert low <= found["peak"] <= peak() * 1024
    monkeypatch.setattr(sys, "platform", "darwin")
    assert MemoryWatch().measured()["peak"] <= peak()


def test_what_linux_tells_is_in_kilobytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = tmp_path / "status"
    monkeypatch.setattr(memory, "_STATUS", str(status))
    status.write_text("Name:\tp: q\nVmHWM:\t    30 kB\nno colon\nVmRSS:\t    20 kB\n")
    assert MemoryWatch().measured() == {"before": 20 * 1024, "peak": 30 * 1024, "now": 20 * 1024}
    status.write_text("VmRSS:\t    20 kB\n")
    assert MemoryWatch().measured()["now"] == 20 * 1024


def test_the_peak_is_forgotten_where_that_can_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory._FORGET_PEAK == ("/proc/self/clear_refs", "5")
    monkeypatch.setattr(memory, "_FORGET_PEAK", (str(tmp_path / "asked"), "5"))
    MemoryWatch()
    assert (tmp_path / "asked").read_text() == "5"
    monkeypatch.setattr(memory, "_FORGET_PEAK", (str(tmp_path / "none" / "there"), "5"))
    assert MemoryWatch().measured()["now"]
