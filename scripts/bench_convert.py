"""Compare one `tfjs-workflow convert` with separate `tensorflowjs_converter` calls, in the same run.

Prints wall time and peak memory of both and their ratio, per step where steps can be told apart and for the whole.
The environment must be there (`tfjs-workflow env create`); the model file is made first and is not timed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import environment, recipe
from workflow.cli.plans import command_lines
from workflow.planning import Selection
from workflow.processes import run

if TYPE_CHECKING:
    from workflow.environment import Environment

ROOT = Path(__file__).resolve().parents[1]


def timed(argv: list[str], folder: Path, environ: dict[str, str]) -> float:
    """Run a command in ``folder`` and return its wall time in seconds; its failure ends the script."""
    begin = time.perf_counter()
    done = run(argv, cwd=folder, env=environ)
    seconds = time.perf_counter() - begin
    if done.code != 0:
        sys.exit(f"{done.command}\nfailed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds


def reference(lines: list[str], folder: Path, made: Environment) -> float:
    """Run the converter's own commands one after the other; prints each time and returns their sum."""
    environ = environment.worker_environ(made)
    total = 0.0
    for line in lines:
        if line.startswith("#"):
            continue
        argv = shlex.split(line)
        seconds = timed([str(made.python.parent / argv[0]), *argv[1:]], folder, environ)
        total += seconds
        print(f"  reference {seconds:6.1f} s  {line[:100]}")
    return total


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", nargs="?", default="mobilenet.yml")
    parser.add_argument("--repeat", type=int, default=1)
    chosen = parser.parse_args()
    source = recipe.find(chosen.recipe, cwd=ROOT)
    made = environment.find(recipe.load(source).environment)
    if made is None:
        sys.exit("the environment is not there: run `tfjs-workflow env create` first")
    ratios = [measure(source, made) for _ in range(chosen.repeat)]
    print(f"ratio ours / reference: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    print(f"load average {os.getloadavg()[0]:.1f}; peak memory of children {peak_megabytes():.0f} MB")


def measure(source: Path, made: Environment) -> float:
    """Do the recipe's steps both ways in two empty folders and return our time over the reference's."""
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = Path(scratch, "ours"), Path(scratch, "theirs")
        for folder in (ours, theirs):
            shutil.copytree(source.parent, folder / "recipes")
        loaded = recipe.load(ours / "recipes" / source.name)
        command = [sys.executable, "-m", "workflow", "convert", str(loaded.path), "--quiet"]
        environ = dict(os.environ, PYTHONPATH=str(ROOT))
        if loaded.model is not None:
            timed([*command, "--only", "model"], ours, environ)
            (theirs / loaded.model.output.relative_to(ours)).parent.mkdir(parents=True)
            shutil.copy(loaded.model.output, theirs / loaded.model.output.relative_to(ours))
        lines = command_lines(loaded, Selection(), ours)
        seconds = timed(command, ours, environ)
        print(f"  ours      {seconds:6.1f} s  tfjs-workflow convert {source.name} (with its check in Python)")
        baseline = reference(lines, theirs, made)
        print(f"  sum of the reference's calls {baseline:.1f} s")
        return seconds / baseline


def peak_megabytes() -> float:
    """Return the largest resident set of any finished child process, in MB."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * scale / 1e6


if __name__ == "__main__":
    main()
