"""Measure the peak memory of native conversions of large models: it is to be bounded by tensor and shard, not by model.

A layers model of 2 GiB is cut anew and quantized, a Keras file of 1 GiB becomes a layers model and comes back. Each
in a fresh process; `--tensor` says how large the largest weight is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import bench_native  # noqa: E402  found by the line above

from workflow.base.processes import run  # noqa: E402  likewise

BAR = 400
MIB = 1 << 20
EDGE = """\
import sys, time
sys.path[:0] = {paths!r}
from pathlib import Path
import json, bench_native
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.base.events import Silent
source, have, target, want, options = sys.argv[1:]
begin = time.perf_counter()
EDGES[have, want](Job(Path(source), have, Path(target), want, json.loads(options), Silent()))
print(json.dumps([time.perf_counter() - begin, bench_native.peak_bytes()]))
"""


def make_keras_file(path: Path, megabytes: int, tensor: int) -> Path:
    """Write a Keras HDF5 file of Dense layers of ``tensor`` MiB each, one at a time."""
    units, count = 1024, max(megabytes // tensor, 1)
    rows = tensor * MIB // 4 // units
    shapes = [(rows if number == 0 else units, units) for number in range(count)]
    shapes = [(rows, units), *[(units, rows), (rows, units)] * (count // 2)][:count]
    given = {"name": "given", "batch_input_shape": [None, rows]}
    layers: list[dict[str, Any]] = [{"class_name": "InputLayer", "config": given}]
    with h5py.File(path, "w") as file:
        for number, shape in enumerate(shapes):
            name = f"dense_{number:04d}"
            config = {"name": name, "units": shape[1], "use_bias": False, "activation": "linear"}
            layers.append({"class_name": "Dense", "config": config})
            group = file.create_group(f"model_weights/{name}")
            group.attrs["weight_names"] = np.array([f"{name}/kernel:0".encode()])
            group[f"{name}/kernel:0"] = np.full(shape, number / count, "float32")
        whole = {"class_name": "Sequential", "config": {"name": "large", "layers": layers}}
        file.attrs["model_config"] = json.dumps(whole)
        file.attrs["keras_version"], file.attrs["backend"] = "2.13.1", "tensorflow"
        names = [layer["config"]["name"].encode() for layer in layers[1:]]
        file["model_weights"].attrs["layer_names"] = np.array(names)
    return path


def measured(source: Path, target: Path, formats: tuple[str, str], options: dict[str, object]) -> tuple[float, float]:
    """Convert in a fresh process; return seconds and peak MB."""
    program = EDGE.format(paths=[str(ROOT), str(ROOT / "scripts")])
    argv = [sys.executable, "-c", program, str(source), formats[0], str(target), formats[1], json.dumps(options)]
    done = run(argv)
    if done.code != 0:
        sys.exit(f"{formats} failed:\n{done.stderr}")
    seconds, peak = json.loads(done.stdout)
    return seconds, peak / 1e6


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=2048, help="MiB of the layers model")
    parser.add_argument("--keras", type=int, default=1024, help="MiB of the Keras file")
    parser.add_argument("--tensor", type=int, default=16, help="MiB of each weight")
    parser.add_argument("--scratch", type=Path, help="a folder on a disk with room; the system's own by default")
    chosen = parser.parse_args()
    layers, keras = "tfjs_layers_model", "keras"
    summary = []
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as folder:
        scratch = Path(folder)

        def show(what: str, size: int, found: tuple[float, float]) -> None:
            met = "met" if found[1] <= BAR else "MISSED"
            line = f"{what} of {size} MiB: {found[1]:.0f} MB at most (bar {BAR} MB): {met}; {found[0]:.1f} s"
            print(line, flush=True)
            summary.append(f"summary: memory, {line}")

        model = bench_native.make_model(scratch / "model", chosen.layers * MIB // 1_000_000, chosen.tensor)
        both = {"weight_shard_size_bytes": 1 << 20, "quantize_uint8": ["*"]}
        show("reshard and quantize", chosen.layers, measured(model, scratch / "small", (layers, layers), both))
        shutil.rmtree(scratch / "small")
        show("reshard", chosen.layers, measured(model, scratch / "cut", (layers, layers), {}))
        shutil.rmtree(scratch / "cut")
        shutil.rmtree(model)
        file = make_keras_file(scratch / "m.h5", chosen.keras, chosen.tensor)
        show("keras to layers", chosen.keras, measured(file, scratch / "web", (keras, layers), {}))
        show("layers to keras", chosen.keras, measured(scratch / "web", scratch / "back.h5", (layers, keras), {}))
    print("\n".join(summary))


if __name__ == "__main__":
    main()
