"""MobileNet at 224 x 224: the native conversions against `tensorflowjs_converter`, whole processes, in the same run.

Each conversion is done three ways in turn, and the best of several rounds counts: by the reference converter of the
environment, by `tfjs-workflow convert RECIPE --only STEP` with `verify: off`, and by a bare process that calls the
edge. Printed are wall time, processor time and the peak memory of the largest process, from start to exit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow.base.processes import start  # noqa: E402  the checkout beside this script is measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RECIPE = """\
verify: off
steps:
  - python_to_js: {input: keras.h5, output: ours/web_model}
  - js_to_python: {input: ours/web_model, output: ours/keras2.h5}
  - shard:        {input: ours/web_model, output: ours/sharded_model, shard_size: 100kB}
  - quantize:     {input: ours/web_model, output: ours/quantized_model, dtype: uint16}
"""
EDGE = """\
import sys
from pathlib import Path
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.base.events import Silent
source, have, target, want, options = sys.argv[1:]
EDGES[have, want](Job(Path(source), have, Path(target), want, eval(options), Silent()))
"""
MAKE = "import sys, tensorflow as tf; tf.keras.applications.MobileNet(weights=None).save(sys.argv[1], save_format='h5')"
KERAS, LAYERS = "keras", "tfjs_layers_model"
MEMORY_BAR = 6


@dataclass(frozen=True)
class Conversion:
    """One step of the recipe, what it is to the reference and to the edge, and how many times faster it is to be."""

    step: str
    source: str
    formats: tuple[str, str]
    target: str
    flags: tuple[str, ...]
    options: Mapping[str, object]
    bar: int
    aim: int


CONVERSIONS = (
    Conversion("python_to_js", "keras.h5", (KERAS, LAYERS), "web_model", (), {}, 12, 20),
    Conversion("js_to_python", "ours/web_model", (LAYERS, KERAS), "keras2.h5", (), {}, 20, 40),
    Conversion(
        "shard",
        "ours/web_model",
        (LAYERS, LAYERS),
        "sharded_model",
        ("--weight_shard_size_bytes=100000",),
        {"weight_shard_size_bytes": 100_000},
        20,
        40,
    ),
    Conversion(
        "quantize",
        "ours/web_model",
        (LAYERS, LAYERS),
        "quantized_model",
        ("--quantize_uint16=*",),
        {"quantize_uint16": ["*"]},
        20,
        40,
    ),
)


@dataclass(frozen=True)
class Cost:
    """What a whole process took: seconds of wall and of processor, and the bytes of its largest process."""

    wall: float
    cpu: float
    peak: int


def best(costs: Sequence[Cost]) -> Cost:
    """Return the least of each figure."""
    return Cost(min(c.wall for c in costs), min(c.cpu for c in costs), min(c.peak for c in costs))


def measured(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Cost:
    """Run a command from start to exit; its failure ends the script."""
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = start(argv, stdout=output, stderr=output, cwd=folder, env=environ)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{argv}\nfailed:\n{output.read().decode(errors='replace')[-3000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * scale)


class Bench:
    """One folder with the model in it, and the environment of the reference."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.python = python
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.theirs = {**kept, "TF_CPP_MIN_LOG_LEVEL": "2"}
        self.ours = {**kept, "PYTHONPATH": str(ROOT)}
        (folder / "recipe.yml").write_text(RECIPE, encoding="utf-8")
        (folder / "theirs").mkdir()
        measured([str(python), "-c", MAKE, "keras.h5"], folder, self.theirs)
        self.by_tool(CONVERSIONS[0])  # writes the byte code and the first source, and is not counted

    def by_reference(self, conversion: Conversion) -> Cost:
        """Convert with the reference converter."""
        target = self.folder / "theirs" / conversion.target
        if target.is_dir():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        source = conversion.source + ("" if conversion.source.endswith(".h5") else "/model.json")
        formats = [f"--{end}_format={name}" for end, name in zip(("input", "output"), conversion.formats, strict=True)]
        program = str(self.python.parent / "tensorflowjs_converter")
        return measured([program, *formats, *conversion.flags, source, str(target)], self.folder, self.theirs)

    def by_tool(self, conversion: Conversion) -> Cost:
        """Convert with the command line, as a user does."""
        argv = ["-m", "workflow", "convert", "recipe.yml", "--only", conversion.step, "--force", "--quiet"]
        return measured([sys.executable, *argv], self.folder, self.ours)

    def by_edge(self, conversion: Conversion) -> Cost:
        """Convert in a process that does nothing else."""
        target = Path(tempfile.mkdtemp(dir=self.folder), conversion.target)
        have, want = conversion.formats
        arguments = [conversion.source, have, str(target), want, repr(conversion.options)]
        return measured([sys.executable, "-c", EDGE, *arguments], self.folder, self.ours)


def show(conversion: Conversion, costs: Mapping[str, Cost]) -> str:
    """Print one conversion's figures and return its line of the summary."""
    theirs = costs["reference"]
    print(f"\n{conversion.step:14} wall s    cpu s  peak MB   times faster   part of its memory")
    for name, cost in costs.items():
        faster, memory = theirs.wall / cost.wall, theirs.peak / cost.peak
        ratios = "" if name == "reference" else f"{faster:12.1f}   1/{memory:.1f}"
        print(f"  {name:12} {cost.wall:6.2f} {cost.cpu:8.2f} {cost.peak / 1e6:8.0f}   {ratios}")
    tool = costs["tool"]
    faster, memory = theirs.wall / tool.wall, theirs.peak / tool.peak
    met = "met" if faster >= conversion.bar and memory >= MEMORY_BAR else "MISSED"
    return (
        f"summary: MobileNet {conversion.step}: {faster:.1f} times faster (bar {conversion.bar}, aim {conversion.aim}),"
        f" memory 1/{memory:.1f} (bar 1/{MEMORY_BAR}): {met}"
    )


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, help="the converter environment's; that of `tfjs` by default")
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    summary = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench((chosen.python or found()).absolute(), Path(folder))
        ways = {"reference": bench.by_reference, "tool": bench.by_tool, "edge alone": bench.by_edge}
        for conversion in CONVERSIONS:
            rounds = [{name: way(conversion) for name, way in ways.items()} for _ in range(chosen.repeat)]
            costs = {name: best([one[name] for one in rounds]) for name in ways}
            summary.append(show(conversion, costs))
    print(f"\nload average {os.getloadavg()[0]:.1f}")
    print("\n".join(summary))


def found() -> Path:
    """Return the interpreter of the environment `tfjs`; without one the script ends."""
    from workflow import environment  # noqa: PLC0415  only where no interpreter is named

    made = environment.find(environment.DEFAULT_NAME)
    if made is None:
        sys.exit("the environment is not there: run `tfjs-workflow env create` first, or give --python")
    return made.python


if __name__ == "__main__":
    main()
