"""Measure the native engine on layers models of growing size: time and peak memory, against `cp -r` of the same bytes.

Every job runs in a fresh process, several times, in turn with `cp -r`; the best time of each counts. Wall time
is from the start of the work, after the imports; processor time, with them, stands beside it for busy machines.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflow.base.events import Silent  # noqa: E402  as above
from workflow.base.processes import run  # noqa: E402  as above
from workflow.conversion.job import Job  # noqa: E402  the checkout beside this script is measured
from workflow.conversion.native import (  # noqa: E402  as above
    EDGES,
    quantization_choice,
    tfjs_rewriting,
)
from workflow.conversion.native.tfjs_writing import write_model_json, write_weights  # noqa: E402  as above
from workflow.models.arrays import of_array  # noqa: E402  as above

JOBS: dict[str, dict[str, Any]] = {
    "reshard 4 MiB": {},
    "reshard 100 kB": {"weight_shard_size_bytes": 100_000},
    "quantize uint8": {"quantize_uint8": ["*"]},
    "quantize uint16": {"quantize_uint16": ["*"]},
    "quantize float16": {"quantize_float16": ["*"]},
    "quantize auto": {"quantize_auto": {"max_error": 0.01}},
}
COPY, COPY_MANY = "cp -r", "cp -r 100 kB files"
MANY = (COPY_MANY, "reshard 100 kB")
"""What writes 10,000 files. They are deleted last: ext4 is slow for a minute after so many were deleted."""

BASELINES = {"reshard 100 kB": COPY_MANY}  # making 10,000 files takes its time, whoever makes them
BARS = {"reshard 4 MiB": 2, "reshard 100 kB": 2, "quantize uint8": 4}
BAR_MEGABYTES = 1000  # the bars are for models of this size
FLAT = 1.25
TENSOR_MEGABYTES = 8
IMPORTED = (quantization_choice, tfjs_rewriting)  # what the edge imports when it runs: not part of what is measured


def make_model(folder: Path, megabytes: int, tensor: int = TENSOR_MEGABYTES) -> Path:
    """Write a layers model of random Dense kernels of ``tensor`` megabytes each."""
    folder.mkdir(parents=True)
    values = np.random.default_rng(0).standard_normal((tensor * 250, 1000)).astype("float32")
    names = [f"dense_{number}" for number in range(max(megabytes // tensor, 1))]
    weights = [of_array(f"{name}/kernel", values.shape, dtype="float32", read=lambda: values) for name in names]
    layers = [{"class_name": "Dense", "config": {"name": name, "units": 1000}} for name in names]
    topology = {"class_name": "Sequential", "config": {"name": "bench", "layers": layers}}
    manifest = write_weights([weights], folder)
    write_model_json(folder / "model.json", {"modelTopology": topology, "weightsManifest": manifest})
    return folder


def child(source: Path, target: Path, name: str) -> None:
    """Do one job in this process and print what it took, as JSON."""
    begin = time.perf_counter()
    edge = EDGES["tfjs_layers_model", "tfjs_layers_model"]
    job = Job(source, "tfjs_layers_model", target, "tfjs_layers_model", options=JOBS[name], listener=Silent())
    edge(job)
    wall, used = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": peak_bytes()}))


def peak_bytes() -> int:
    """Return this process's largest resident set; on Linux its own, where getrusage begins with its parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured(source: Path, scratch: Path, name: str) -> dict[str, float]:
    """Run one job in a fresh process and return its figures; copies with `cp` are jobs too."""
    target = Path(tempfile.mkdtemp(dir=scratch), "out")
    os.sync()  # so that nobody pays for what the job before has left to be written
    touch_memory(sum(file.stat().st_size for file in source.iterdir()))
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    if name in JOBS:
        done = run([sys.executable, __file__, "--child", name, str(source), str(target)])
    else:
        done = run(["cp", "-r", str(source if name == COPY else scratch / "many"), str(target)])
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.code != 0:
        sys.exit(f"{done.command} failed:\n{done.stderr}")
    if name in MANY:
        forget(target)
    else:
        shutil.rmtree(target)
    if name in JOBS:
        return dict(json.loads(done.stdout))
    return {"wall": wall, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "peak": 0}


def touch_memory(size: int) -> None:
    """Have the system hand out memory for so many bytes and a half more, and take it back.

    A virtual machine gets memory from its host page by page when it is first touched, and gives back what is idle:
    writing 1 GB into such memory takes three times as long, for `cp` as for us, where 100 MB do not notice.
    """
    del (bytearray(b"1") * (size + size // 2))[:]


def forget(folder: Path) -> None:
    """Let the system reuse the memory in which it holds these files; fresh memory is slow on virtual machines."""
    os.sync()
    for file in folder.iterdir() if hasattr(os, "posix_fadvise") else ():
        with file.open("rb") as handle:
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def compare(source: Path, scratch: Path, repeat: int) -> dict[str, dict[str, float]]:
    """Return the best figures of every job on one model, all jobs in turn so that they meet the same weather."""
    done = run([sys.executable, __file__, "--child", "reshard 100 kB", str(source), str(scratch / "many")])
    if done.code != 0:
        sys.exit(f"{done.command} failed:\n{done.stderr}")
    names = (COPY, COPY_MANY, *JOBS)
    rounds = [{name: measured(source, scratch, name) for name in names} for _ in range(repeat)]
    return {name: {key: min(one[name][key] for one in rounds) for key in rounds[0][name]} for name in names}


def show(megabytes: int, found: dict[str, dict[str, float]]) -> None:
    """Print one size's table."""
    print(f"\n{megabytes} MB   load average {os.getloadavg()[0]:.1f}")
    print("job                   wall s   cpu s   x cp -r (wall)   peak MB   bar")
    for name, figures in found.items():
        ratio = figures["wall"] / found[BASELINES.get(name, COPY)]["wall"]
        bar = (
            f"<= {BARS[name]}  {'met' if ratio <= BARS[name] else 'MISSED'}"
            if name in BARS and megabytes >= BAR_MEGABYTES
            else ""
        )
        peak = figures["peak"] / 1e6
        print(f"{name:20} {figures['wall']:7.2f} {figures['cpu']:7.2f} {ratio:16.2f} {peak:9.0f}   {bar}")
        if bar:
            against = BASELINES.get(name, COPY)
            print(f"summary: {name} of {megabytes} MB: {ratio:.1f} times the time of `{against}` (bar {bar})")


def growth(tables: dict[int, dict[str, dict[str, float]]]) -> None:
    """Print the time per byte of each job at each size over that at the largest; imports are left out of it."""
    largest = max(tables)
    print(f"\ntime per byte, over that at {largest} MB (flat is within {FLAT})")
    rows = {}
    for name in (COPY, COPY_MANY, *JOBS):
        each = {size: found[name]["wall"] / size for size, found in tables.items()}
        rows[name] = "   ".join(f"{size} MB {value / each[largest]:5.2f}" for size, value in each.items())
        print(f"{name:20} {rows[name]}")
    for name in BARS:
        against = BASELINES.get(name, COPY)
        print(f"summary: {name}: time per byte over that at {largest} MB: {rows[name]} (flat is within {FLAT})")
        print(f"summary:   and of `{against}`, the machine's own: {rows[against]}")


def main() -> None:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000], help="in MB")
    parser.add_argument("--tensor", type=int, default=TENSOR_MEGABYTES, help="MB of each tensor")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scratch", type=Path, help="a folder on the disk to measure; the system's own by default")
    parser.add_argument("--child", nargs=3, metavar=("JOB", "SOURCE", "TARGET"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(Path(chosen.child[1]), Path(chosen.child[2]), chosen.child[0])
        return
    tables = {}
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as scratch:
        for size in chosen.sizes:
            folder = Path(scratch, str(size))
            tables[size] = compare(make_model(folder / "model", size, chosen.tensor), folder, chosen.repeat)
            show(size, tables[size])
    growth(tables)


if __name__ == "__main__":
    main()
