"""Compare one `tfjs-workflow convert` with separate `tensorflowjs_converter` calls, in the same run.

Prints what the reference's calls took, the tool with verify off, and the tool with the recipe's own verification, and
how many times faster than the reference the tool is. ``--repeat`` takes turns; the best of each counts. The environment
must be there (`tfjs-workflow env create`); the first model is made first and is not timed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from bench_timing import Cost, best, cost, verdict

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow import environment, recipe  # noqa: E402  the checkout beside this script is measured
from workflow.cli.plans import command_lines  # noqa: E402  as above
from workflow.runs.tasks import Selection  # noqa: E402  as above

if TYPE_CHECKING:
    from workflow.environment import Environment

BARS = {"mobilenet.yml": {"verify off": 9}}
WAYS = ("reference", "verify off", "verify on")


def ours(argv: list[str], folder: Path) -> Cost:
    """Run a `tfjs-workflow` command of this checkout in ``folder`` and return what it took."""
    return cost([sys.executable, "-m", "workflow", *argv], folder, dict(os.environ, PYTHONPATH=str(ROOT)))


def reference(lines: list[str], folder: Path, made: Environment) -> Cost:
    """Run the converter's own commands one after the other; prints what each took and returns their sum."""
    environ = environment.worker_environ(made)
    total = Cost(0, 0)
    for line in lines:
        argv = shlex.split(line)
        found = cost([str(made.python.parent / argv[0]), *argv[1:]], folder, environ)
        total += found
        print(f"  {found}  {line[:95]}", flush=True)
    return total


def first_model(source: Path, folder: Path) -> Path | None:
    """Make what the recipe's steps start from in a copy of its project; returns where, None when it needs no making."""
    shutil.copytree(source.parent, folder / "recipes")
    model = recipe.load(folder / "recipes" / source.name).model
    if model is None:
        return None
    ours(["convert", f"recipes/{source.name}", "--quiet", "--only", "model"], folder)
    return model.output


def project(source: Path, folder: Path, model: Path | None, *, verify: bool) -> Path:
    """Lay out the recipe's project with its first model in it and return the recipe, which only has the steps."""
    shutil.copytree(source.parent, folder / "recipes")
    content = yaml.safe_load(source.read_text(encoding="utf-8"))
    if model is not None:
        place = folder / content.pop("model")["output"]
        place.parent.mkdir(parents=True)
        shutil.copy(model, place)
    content |= {} if verify else {"verify": False}
    target = folder / "recipes" / source.name
    target.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return target


def once(source: Path, model: Path | None, scratch: Path, *, made: Environment) -> dict[str, Cost]:
    """Do the recipe's steps all ways, each in a folder of its own, and return what they took."""
    found = {}
    for number, way in enumerate(WAYS):
        folder = scratch / str(number)
        target = project(source, folder, model, verify=way == "verify on")
        if way == "reference":
            lines = [line for line in command_lines(recipe.load(target), Selection(), folder) if line[:1] != "#"]
            found[way] = reference(lines, folder, made)
            print(f"  {found[way]}  these {len(lines)} calls together")
        else:
            found[way] = ours(["convert", f"recipes/{source.name}", "--quiet"], folder)
            print(f"  {found[way]}  tfjs-workflow convert {source.name}, {way}", flush=True)
        shutil.rmtree(folder)
    return found


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="mobilenet.yml")
    parser.add_argument("--repeat", type=int, default=1)
    chosen = parser.parse_args()
    source = recipe.find(chosen.recipe, cwd=ROOT)
    made = environment.find(recipe.load(source).environment)
    if made is None:
        sys.exit("the environment is not there: run `tfjs-workflow env create` first")
    with tempfile.TemporaryDirectory() as folder:
        model = first_model(source, Path(folder, "first"))
        rounds = [once(source, model, Path(folder), made=made) for _ in range(chosen.repeat)]
    least = {way: best([found[way] for found in rounds]) for way in WAYS}
    for way in WAYS[1:]:
        ratio, of_cpu = least["reference"].wall / least[way].wall, least["reference"].cpu / least[way].cpu
        told = verdict(ratio, BARS.get(source.name, {}).get(way))
        print(f"summary: {source.name}, {way}: {least[way]}, {ratio:.1f} times faster ({of_cpu:.1f} in cpu){told}")
    print(f"load average {os.getloadavg()[0]:.1f}; peak memory of children {peak_megabytes():.0f} MB")


def peak_megabytes() -> float:
    """Return the largest resident set of any finished child process, in MB."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * scale / 1e6


if __name__ == "__main__":
    main()
