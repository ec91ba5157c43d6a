"""Measure conversions to graph models: the direct way against the reference converter, in the same run.

``python scripts/bench_graph.py --python PYTHON MODEL...`` where PYTHON is that of a converter environment, and each
MODEL is a layers model's model.json or a Keras .h5. Prints for each model the reference's time (its console script,
from start to exit), ours from start to exit, and ours in a warm worker; with ``--repeats N`` the best of N.

``--growth N`` converts the first model N times in one worker and prints its memory along the way.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow.converters.bridge import Worker  # noqa: E402  found by the line above
from workflow.processes import run  # noqa: E402  likewise

TWENTIETH = 20


def format_of(model: Path) -> str:
    """Return the format that a model's file name stands for."""
    return {".json": "tfjs_layers_model", ".h5": "keras", ".keras": "keras_keras"}[model.suffix]


def job(model: Path, output: Path) -> dict[str, Any]:
    """Return the arguments of the worker's job."""
    return {"source": {"path": str(model.resolve()), "format": format_of(model)}, "output": str(output), "options": {}}


def worker_of(python: Path, scratch: Path) -> Worker:
    """Return a worker in the environment of ``python``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return Worker(python, environ={"TF_CPP_MIN_LOG_LEVEL": "2", **kept}, log=scratch / "worker.log")


def convert(worker: Worker, model: Path, output: Path) -> dict[str, Any]:
    """Convert once in the worker."""
    return worker.run("graph", job(model, output), log=output.parent / "job.log", timeout=1800)


def seconds(argv: list[str], environ: dict[str, str]) -> float:
    """Return how long a command takes; its failure ends the script."""
    begin = time.perf_counter()
    done = run(argv, env=environ)
    if done.code != 0:
        sys.exit(f"{done.command} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - begin


def reference(python: Path, model: Path, output: Path) -> float:
    """Return the time of the reference converter, from start to exit."""
    formats = [f"--input_format={format_of(model)}", "--output_format=tfjs_graph_model"]
    program = str(python.parent / "tensorflowjs_converter")
    return seconds([program, *formats, str(model), str(output)], dict(os.environ))


def whole_process(python: Path, model: Path, output: Path) -> float:
    """Return our time from start to exit: a process of the host that starts a worker."""
    return seconds(
        [sys.executable, __file__, "--python", str(python), "--once", str(output), str(model)], dict(os.environ)
    )


def same_shards(one: Path, other: Path) -> bool:
    """Say whether two models have the same weight files, byte for byte."""
    names = sorted(path.name for path in one.glob("*.bin"))
    return names == sorted(path.name for path in other.glob("*.bin")) and not any(
        not filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def compare(python: Path, model: Path, repeats: int) -> None:
    """Measure one model all three ways, taking turns, and print the best of each."""
    times: dict[str, list[float]] = {"reference": [], "ours": [], "warm": []}
    with tempfile.TemporaryDirectory() as folder, worker_of(python, Path(folder)) as worker:
        scratch = Path(folder)
        facts = convert(worker, model, scratch / "warming")
        for turn in range(repeats):
            times["reference"].append(reference(python, model, scratch / f"reference{turn}"))
            times["ours"].append(whole_process(python, model, scratch / f"ours{turn}"))
            begin = time.perf_counter()
            facts = convert(worker, model, scratch / f"warm{turn}")
            times["warm"].append(time.perf_counter() - begin)
        equal = same_shards(scratch / "reference0", scratch / "ours0")
    best = {name: min(found) for name, found in times.items()}
    print(
        f"{model.parent.name}/{model.name}: reference {best['reference']:.1f} s, ours {best['ours']:.1f} s"
        f" ({best['reference'] / best['ours']:.1f} times faster), warm worker {best['warm']:.2f} s"
        f" ({best['reference'] / best['warm']:.1f} times); weight files {'equal' if equal else 'DIFFER'}"
    )
    print("  phases: " + ", ".join(f"{name} {value:.2f}" for name, value in facts["seconds"].items()))


def growth(python: Path, model: Path, count: int) -> None:
    """Convert again and again in one worker and print its memory; the last over the twentieth is the figure."""
    found = []
    with tempfile.TemporaryDirectory() as folder, worker_of(python, Path(folder)) as worker:
        for number in range(1, count + 1):
            facts = convert(worker, model, Path(folder, "output"))
            shutil.rmtree(Path(folder, "output"))
            found.append(facts["memory"].get("now", facts["memory"].get("peak", 0)) / 1e6)
            if number in (1, TWENTIETH) or number % 50 == 0:
                print(f"  after {number:4d} conversions: {found[-1]:.0f} MB", flush=True)
    print(f"last over twentieth: {found[-1] / found[min(TWENTIETH, count) - 1]:.3f}")


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--growth", type=int, default=0)
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.once is not None:
        with worker_of(chosen.python, chosen.once.parent) as worker:
            convert(worker, chosen.models[0], chosen.once)
        return
    if chosen.growth:
        growth(chosen.python, chosen.models[0], chosen.growth)
        return
    for model in chosen.models:
        compare(chosen.python, model, chosen.repeats)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
