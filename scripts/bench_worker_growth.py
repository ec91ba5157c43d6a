"""Convert again and again in one worker: the memory that it holds after the last conversion, over the twentieth.

Two models, made first with seeded weights: a small one and MobileNet at 224 x 224. Both go to a graph model, by the
tool's own way or (``--reference``) by the reference converter's function. The worker's own limits are out of the way.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow import environment  # noqa: E402  the checkout beside this script is measured
from workflow.bridge.usage import Limits, peak  # noqa: E402  as above
from workflow.bridge.warm_worker import Worker  # noqa: E402  as above

MODELS: dict[str, dict[str, Any]] = {
    "small": {"input_shape": [32, 32, 3], "alpha": 0.25, "classes": 10},
    "MobileNet": {"input_shape": [224, 224, 3], "classes": 1000},
}
TWENTIETH = 20
MOST = 1.10
UNLIMITED = Limits(jobs=2**31, memory=2**63)


def worker_of(python: Path | None, scratch: Path) -> Worker:
    """Return a worker without limits in the environment of ``python``, or in the tool's own."""
    made = environment.find(environment.DEFAULT_NAME)
    if python is None and made is None:
        sys.exit("the environment is not there: run `tfjs-workflow env create` first, or name a --python")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ = environment.worker_environ(made) if made else {"TF_CPP_MIN_LOG_LEVEL": "2", **kept}
    interpreter = python or (made.python if made else Path())
    return Worker(interpreter, environ=environ, log=scratch / "worker.log", limits=UNLIMITED)


def make(worker: Worker, folder: Path, options: dict[str, Any]) -> Path:
    """Write a seeded MobileNet as Keras HDF5 and return its path."""
    model = folder / "keras.h5"
    job = {"application": "MobileNet", "weights": "seeded", "offline": "fail", "seed": 0}
    worker.run("application", {**job, "options": options, "output": str(model)}, log=folder / "log")
    return model


def convert(worker: Worker, model: Path, *, reference: bool) -> int:
    """Convert to a graph model that is deleted again; return the bytes that the worker holds afterwards."""
    output = model.with_name("graph")
    if reference:
        argv = ["--input_format=keras", "--output_format=tfjs_graph_model", str(model), str(output)]
        worker.run("convert", {"argv": argv}, log=model.with_name("log"))
    else:
        source = {"path": str(model), "format": "keras"}
        worker.run("graph", {"source": source, "output": str(output), "options": {}}, log=model.with_name("log"))
    shutil.rmtree(output)
    return worker.usage.jobs[-1].memory.get("now", 0)


def measure(name: str, python: Path | None, *, count: int, reference: bool) -> float:
    """Convert one model ``count`` times in one worker and print its memory along the way; returns the ratio."""
    with tempfile.TemporaryDirectory() as folder, worker_of(python, Path(folder)) as worker:
        scratch, held, begin = Path(folder), [], time.perf_counter()
        model = make(worker, scratch, MODELS[name])
        pid = worker.pid
        for number in range(1, count + 1):
            held.append(convert(worker, model, reference=reference))
            if number in (1, TWENTIETH, count) or number % 50 == 0:
                print(f"  {name}: {held[-1] / 1e6:.0f} MB after {number} conversions", flush=True)
        if worker.pid != pid:
            sys.exit("the worker was replaced in between: nothing was measured")
        most, seconds = peak(worker.usage.jobs), (time.perf_counter() - begin) / count
    if not held[0]:
        sys.exit("this system does not tell how much memory a process holds")
    ratio = held[-1] / held[min(TWENTIETH, count) - 1]
    verdict = "met" if ratio <= MOST else "MISSED"
    print(f"summary: {name}, {count} conversions in one worker: memory at last over the twentieth {ratio:.3f}", end="")
    print(f" (at most {MOST:.2f}: {verdict}); {most / 1e6:.0f} MB at the highest, {seconds:.2f} s each")
    return ratio


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}; all by default")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--reference", action="store_true", help="by the reference converter's function")
    parser.add_argument("--python", type=Path, help="that of another environment than the tool's own")
    chosen = parser.parse_args()
    for name in chosen.models or MODELS:
        measure(name, chosen.python, count=chosen.count, reference=chosen.reference)


if __name__ == "__main__":
    main()
