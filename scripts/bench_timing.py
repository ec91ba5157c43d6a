"""What a command costs: wall time, and processor time beside it, which says more on a busy machine."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow.base.processes import run  # noqa: E402  the checkout beside this script is measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and of processor time, the latter with that of all processes that were waited for."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        """Return what both took together."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def __str__(self) -> str:
        """Return both as a table shows them."""
        return f"{self.wall:6.1f} s wall {self.cpu:6.1f} s cpu"


def best(costs: Sequence[Cost]) -> Cost:
    """Return the least of each."""
    return Cost(min(cost.wall for cost in costs), min(cost.cpu for cost in costs))


def cost(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Cost:
    """Run a command in ``folder`` and return what it took; its failure ends the script."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(argv, cwd=folder, env=environ)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.code != 0:
        sys.exit(f"{done.command}\nfailed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def verdict(ratio: float, bar: float | None) -> str:
    """Return whether a ratio reaches its bar, empty where there is none."""
    return f"   bar {bar:g}: {'met' if ratio >= bar else 'MISSED'}" if bar else ""
