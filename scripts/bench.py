"""Run every benchmark, one after the other, and repeat the lines of their summaries at the end.

``make bench`` calls it. The environment must be there (`tfjs-workflow env create`). Timings of a busy machine say
little, so the load stands beside them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow.base.processes import STDOUT, start  # noqa: E402  the checkout beside this script is measured

MARK = "summary: "


@dataclass(frozen=True)
class Benchmark:
    """One script, its arguments, and fewer of them for a first look."""

    script: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = None


BENCHMARKS = (
    Benchmark("bench_mobilenet.py", ("--repeat", "3"), ("--repeat", "1")),
    Benchmark("bench_native.py", ("--repeat", "3"), ("--repeat", "1", "--sizes", "10", "100")),
    Benchmark("bench_memory.py", (), ("--layers", "256", "--keras", "128")),
    Benchmark("bench_convert.py"),
    Benchmark("bench_graph.py", (), ("MobileNet",)),
    Benchmark("bench_worker_growth.py", (), ("small", "--count", "40")),
)


def streamed(benchmark: Benchmark, *, quick: bool) -> list[str]:
    """Run one benchmark, show what it prints, and return the lines of its summary."""
    arguments = benchmark.quick if quick and benchmark.quick is not None else benchmark.arguments
    print(f"\n== {' '.join((benchmark.script, *arguments))}", flush=True)
    argv = [sys.executable, "-u", str(ROOT / "scripts" / benchmark.script), *arguments]
    process = start(argv, stderr=STDOUT, cwd=ROOT)
    found = []
    for raw in process.stdout or ():
        line = raw.decode(errors="replace").rstrip()
        if line.startswith(MARK):
            found.append(line.removeprefix(MARK))
        else:
            print(line, flush=True)
    if process.wait() != 0:
        found.append(f"{benchmark.script} failed with exit code {process.returncode}")
    return found


def main() -> None:
    """Run the benchmarks; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller models, and each only once")
    parser.add_argument("--only", choices=[benchmark.script for benchmark in BENCHMARKS], action="append")
    chosen = parser.parse_args()
    begin, summary = time.perf_counter(), []
    for benchmark in BENCHMARKS:
        if chosen.only is None or benchmark.script in chosen.only:
            summary += streamed(benchmark, quick=chosen.quick)
    minutes = (time.perf_counter() - begin) / 60
    print(f"\n== summary ({minutes:.0f} minutes, load average at the end {os.getloadavg()[0]:.1f})")
    print("\n".join(summary))


if __name__ == "__main__":
    main()
