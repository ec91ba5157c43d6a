"""Measure conversions to graph models against the reference converter, in the same run.

For each model, in turn and the best of ``--repeats``: the reference's console script; the tool's command line, from the
shell to exit, with verify off; a process that does nothing but the worker's job; and that job in a warm worker. Without
a MODEL (a layers model's model.json or a Keras .h5): MobileNet, ResNet50 and EfficientNetB0 with seeded weights, as
layers models. The environment must be there (`tfjs-workflow env create`).
"""

from __future__ import annotations

import argparse
import filecmp
import math
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench_timing import Cost, best, cost, verdict

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow import environment  # noqa: E402  the checkout beside this script is measured
from workflow.base.events import Silent  # noqa: E402  as above
from workflow.bridge.warm_worker import Worker  # noqa: E402  as above
from workflow.conversion.job import Job  # noqa: E402  as above
from workflow.conversion.native import EDGES  # noqa: E402  as above

if TYPE_CHECKING:
    from workflow.environment import Environment

KERAS: Final = "keras"
LAYERS: Final = "tfjs_layers_model"
GRAPH: Final = "tfjs_graph_model"
FORMATS = {".json": LAYERS, ".h5": KERAS, ".keras": "keras_keras"}
APPLICATIONS = ("MobileNet", "ResNet50", "EfficientNetB0")
BARS = {"MobileNet": {"command": 4, "warm": 12}}
WAYS = {"reference": "tensorflowjs_converter", "command": "command line", "job": "bare job", "warm": "warm worker"}
RECIPE = """\
verify: off
steps:
  - graph: {{input: {input}, output: graph}}
"""


def worker_of(made: Environment, scratch: Path) -> Worker:
    """Return a worker of the environment."""
    return Worker(made.python, environ=environment.worker_environ(made), log=scratch / "worker.log")


def application(worker: Worker, name: str, folder: Path) -> Path:
    """Write a network of Keras with seeded weights as a layers model and return its model.json."""
    keras, layers = folder / f"{name}.h5", folder / name
    job = {"application": name, "weights": "seeded", "offline": "fail", "seed": 0, "options": {}, "output": str(keras)}
    worker.run("application", job, log=folder / "application.log")
    EDGES[KERAS, LAYERS](Job(keras, KERAS, layers, LAYERS, {}, Silent()))
    return layers / "model.json"


def convert(worker: Worker, model: Path, output: Path) -> dict[str, Any]:
    """Convert once in the worker and return the facts."""
    source = {"path": str(model), "format": FORMATS[model.suffix]}
    args = {"source": source, "output": str(output), "options": {}}
    return worker.run("graph", args, log=output.parent / "job.log", timeout=1800)


def once(way: str, model: Path, made: Environment, folder: Path) -> Cost:
    """Convert to ``folder/graph`` in new processes, one of the first three ways, and return what it took."""
    folder.mkdir()
    ours = dict(os.environ, PYTHONPATH=str(ROOT))
    if way == "reference":
        formats = [f"--input_format={FORMATS[model.suffix]}", f"--output_format={GRAPH}"]
        argv = [str(made.python.parent / "tensorflowjs_converter"), *formats, str(model), str(folder / "graph")]
        return cost(argv, folder, environment.worker_environ(made))
    if way == "job":
        return cost([sys.executable, __file__, "--once", str(folder / "graph"), str(model)], folder, ours)
    (folder / "recipe.yml").write_text(RECIPE.format(input=model), encoding="utf-8")
    return cost([sys.executable, "-m", "workflow", "convert", "recipe.yml", "--quiet"], folder, ours)


def same_weights(one: Path, other: Path) -> bool:
    """Say whether two models have the same weight files, byte for byte."""
    names = sorted(path.name for path in one.glob("*.bin"))
    return names == sorted(path.name for path in other.glob("*.bin")) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def compare(model: Path, made: Environment, scratch: Path, *, repeats: int) -> dict[str, Cost]:
    """Measure one model in all ways, taking turns; returns the best of each and prints whether the results agree."""
    costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
    with worker_of(made, scratch) as worker:
        facts = convert(worker, model, scratch / "warming")
        for turn in range(repeats):
            for way in ("reference", "command", "job"):
                costs[way].append(once(way, model, made, scratch / f"{way}{turn}"))
            begin, before = time.perf_counter(), cpu_of(worker)
            facts = convert(worker, model, scratch / f"warm{turn}")
            costs["warm"].append(Cost(time.perf_counter() - begin, cpu_of(worker) - before))
    equal = same_weights(scratch / "reference0" / "graph", scratch / "command0" / "graph")
    phases = ", ".join(f"{name} {value:.2f}" for name, value in facts["seconds"].items())
    print(f"  weight files {'equal' if equal else 'DIFFER'}; phases of the job in seconds: {phases}")
    return {way: best(found) for way, found in costs.items()}


def cpu_of(worker: Worker) -> float:
    """Return the processor time, in seconds, that the worker's process has used; NaN where the system has no /proc."""
    file = Path(f"/proc/{worker.pid}/stat")
    if not file.is_file():
        return math.nan
    user, system = file.read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def show(name: str, least: dict[str, Cost]) -> None:
    """Print what one model took, how many times less than the reference that is, and the bars."""
    for way, text in WAYS.items():
        ratio, of_cpu = least["reference"].wall / least[way].wall, least["reference"].cpu / least[way].cpu
        told = verdict(ratio, BARS.get(name, {}).get(way))
        mark = f"summary: {name} to a graph model, " if way in ("command", "warm") else "  "
        print(f"{mark}{text:24} {least[way]}  {ratio:5.1f} times faster ({of_cpu:.1f} in cpu){told}", flush=True)


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"a file, or one of {', '.join(APPLICATIONS)}")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    made = environment.find(environment.DEFAULT_NAME)
    if made is None:
        sys.exit("the environment is not there: run `tfjs-workflow env create` first")
    if chosen.once is not None:
        with worker_of(made, chosen.once.parent) as worker:
            convert(worker, Path(chosen.models[0]), chosen.once)
        return
    for name in chosen.models or APPLICATIONS:
        scratch = Path(tempfile.mkdtemp())
        with worker_of(made, scratch) as worker:
            model = application(worker, name, scratch) if name in APPLICATIONS else Path(name).resolve()
        print(f"{name}   load average {os.getloadavg()[0]:.1f}", flush=True)
        show(name, compare(model, made, scratch, repeats=chosen.repeats))
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
