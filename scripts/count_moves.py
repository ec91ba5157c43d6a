"""Count what one native conversion passes through: modules, files, moves between files, and processor time.

``scripts/count_moves.py --against OTHER_CHECKOUT``: a recipe of one step on a small model, with ``verify: off``, is
run once under ``sys.setprofile``, and some more times without, in fresh folders, the checkouts taking turns. Each
checkout is run with its own ``.venv``. A move is a call of code in one file of ``workflow/`` by code in another one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
UNITS, LAYERS, BUSIEST = 16, 8, 20
A_WHILE = 2.5
"""Seconds after which a file is no longer one that was written just now, of which the tool remembers less."""

STEPS = {"python_to_js": "{input: m.h5, output: out}", "shard": "{input: web, output: out, shard_size: 2kB}"}
Folder = tuple[Path, dict[str, str]]
"""Where a run takes place, and its environment."""

Weights = dict[str, list[tuple[str, "np.ndarray[Any, np.dtype[np.float32]]"]]]


@dataclass(frozen=True)
class Counts:
    """What one run passed through: modules by name with their files, calls by file entered, and by pair of files."""

    modules: dict[str, str | None]
    entered: dict[str, int]
    moves: dict[str, int]

    @property
    def own(self) -> dict[str, str | None]:
        """The modules of the tool itself."""
        return {name: file for name, file in self.modules.items() if name.split(".")[0] == "workflow"}

    def figures(self) -> dict[str, int]:
        """Return the numbers that a table shows, by what they count."""
        return {
            "modules of workflow": len(self.own),
            "modules in all": len(self.modules),
            "files entered": len(self.entered),
            "  by calls of functions": sum(1 for count in self.entered.values() if count),
            "moves between files": sum(self.moves.values()),
            "pairs of files": len(self.moves),
        }


def write_sources(folder: Path) -> None:
    """Write a chain of Dense layers as a Keras 2 file and as a layers model; no converter is asked."""
    dice = np.random.default_rng(0)
    layers: list[dict[str, Any]] = []
    weights: Weights = {}
    for name in (f"dense_{number}" for number in range(LAYERS)):
        shape = {} if layers else {"batch_input_shape": [None, UNITS]}
        config = {"name": name, "units": UNITS, "activation": "relu", "use_bias": True, "dtype": "float32", **shape}
        layers.append({"class_name": "Dense", "config": config})
        kernel, bias = (dice.standard_normal(size).astype("float32") for size in ((UNITS, UNITS), (UNITS,)))
        weights[name] = [(f"{name}/kernel", kernel), (f"{name}/bias", bias)]
    config = {"class_name": "Sequential", "config": {"name": "chain", "layers": layers}}
    _write_h5(folder / "m.h5", config, weights)
    _write_web(folder / "web", config, weights)


def _write_h5(path: Path, config: dict[str, Any], weights: Weights) -> None:
    with h5py.File(path, "w") as file:
        file.attrs.update({"keras_version": "2.13.1", "backend": "tensorflow", "model_config": json.dumps(config)})
        group = file.create_group("model_weights")
        group.attrs.update({"keras_version": b"2.13.1", "backend": b"tensorflow", "layer_names": _bytes(list(weights))})
        for layer, arrays in weights.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = _bytes([f"{name}:0" for name, _ in arrays])
            for name, values in arrays:
                inner[f"{name}:0"] = values


def _bytes(names: list[str]) -> list[bytes]:
    return [name.encode() for name in names]


def _write_web(folder: Path, config: dict[str, Any], weights: Weights) -> None:
    folder.mkdir()
    arrays = [pair for pairs in weights.values() for pair in pairs]
    listed = [{"name": name, "shape": list(values.shape), "dtype": "float32"} for name, values in arrays]
    (folder / "group1-shard1of1.bin").write_bytes(b"".join(values.tobytes() for _, values in arrays))
    topology = {"keras_version": "2.13.1", "backend": "tensorflow", "model_config": config}
    manifest = [{"paths": ["group1-shard1of1.bin"], "weights": listed}]
    model = {"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")


@contextmanager
def fresh_folders(step: str, count: int) -> Iterator[list[Folder]]:
    """Yield so many folders with models and a recipe, and environments whose homes are in them; all a while old."""
    with ExitStack() as stack:
        made = [_filled(Path(stack.enter_context(tempfile.TemporaryDirectory())), step) for _ in range(count)]
        time.sleep(A_WHILE)
        yield made


def _filled(folder: Path, step: str) -> Folder:
    write_sources(folder)
    (folder / "home").mkdir()
    (folder / "r.yml").write_text(f"name: r\nverify: off\nsteps:\n  - {step}: {STEPS[step]}\n", encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "PYTHON", "TFJS_"))}
    return folder, {**kept, "HOME": str(folder / "home"), "PYTHONHASHSEED": "0"}


def _run(argv: Sequence[str | Path], folder: Path, environ: dict[str, str]) -> None:
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / "out" / "model.json").is_file():
        sys.exit(f"{argv} failed:\n{done.stdout}{done.stderr}")


def counted(checkout: Path, step: str) -> Counts:
    """Run the step once with every call counted."""
    with fresh_folders(step, 1) as ((folder, environ),):
        probe, result = Path(__file__).with_name("count_probe.py"), folder / "counts.json"
        python = checkout / ".venv" / "bin" / "python"
        _run([python, probe, result, checkout, "convert", "r.yml"], folder, environ)
        found = Counts(**json.loads(result.read_text(encoding="utf-8")))
    package = str(checkout / "workflow" / "__init__.py")
    if found.modules.get("workflow") != package:
        sys.exit(f"what ran is not {package} but {found.modules.get('workflow')}")
    return found


def seconds(checkout: Path, where: Folder) -> float:
    """Run the step as users do, and return the processor time of the program and of all that it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run([checkout / ".venv" / "bin" / "tfjs-workflow", "convert", "r.yml"], *where)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(checkouts: Sequence[Path], step: str, runs: int) -> list[list[float]]:
    """Return the processor times of each checkout; they take turns, and who begins changes, too."""
    times: list[list[float]] = [[] for _ in checkouts]
    with fresh_folders(step, runs * len(checkouts)) as folders:
        for number in range(runs):
            order = range(len(checkouts)) if number % 2 else reversed(range(len(checkouts)))
            for which in order:
                times[which].append(seconds(checkouts[which], folders.pop()))
    return times


def table(rows: dict[str, list[float]], digits: int) -> str:
    """Return a line per row: a figure for each checkout, and the first as a part of the second."""
    lines = []
    for name, values in rows.items():
        ratio = f"{values[0] / values[1]:9.3f}" if len(values) > 1 else ""
        lines.append(f"{name:26}" + "".join(f"{value:11.{digits}f}" for value in values) + ratio)
    return "\n".join(lines)


def busiest(counts: Counts) -> str:
    """Return the pairs of files with the most moves, one a line."""
    ordered = sorted(counts.moves.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"{count:6} {pair}" for pair, count in ordered)


def module_lines(counts: Counts) -> str:
    """Return the modules of the tool, each with the lines of its file and the calls of functions in it."""
    lines = []
    for name, file in sorted(counts.own.items()):
        length = len(Path(file).read_text(encoding="utf-8").splitlines()) if file else 0
        path = file.rpartition("/workflow/")[2] if file else ""
        lines.append(f"{length:5} {counts.entered.get(path, '-'):>6} {name}")
    return "\n".join(lines)


def main() -> None:
    """Count and time; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", choices=STEPS, default="python_to_js")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="this one, if nothing else is said")
    parser.add_argument("--against", type=Path, metavar="OTHER_CHECKOUT")
    parser.add_argument("--runs", type=int, default=20, help="how often the time is taken; 0: not at all")
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="write all pairs of files with their moves")
    parser.add_argument("--modules", type=Path, metavar="FILE", help="write the modules: lines, calls, name")
    chosen = parser.parse_args()
    checkouts = [each.resolve() for each in (chosen.checkout, chosen.against) if each is not None]
    counts = [counted(each, chosen.step) for each in checkouts]
    for path, text in ((chosen.pairs, busiest(counts[0])), (chosen.modules, module_lines(counts[0]))):
        if path is not None:
            path.write_text(text + "\n", encoding="utf-8")
    print(f"one step {chosen.step}: " + " against ".join(map(str, checkouts)))
    print(table({name: [float(each.figures()[name]) for each in counts] for name in counts[0].figures()}, 0))
    if chosen.runs:
        times = timed(checkouts, chosen.step, chosen.runs)
        rows = {"median": [statistics.median(each) for each in times], "least": [min(each) for each in times]}
        print(table({f"processor seconds, {name}": values for name, values in rows.items()}, 3))
    for checkout, each in zip(checkouts, counts, strict=True):
        print(f"\nthe {BUSIEST} busiest pairs of files of {checkout}:")
        print("\n".join(busiest(each).splitlines()[:BUSIEST]))


if __name__ == "__main__":
    main()
