"""Damage models by the thousand and give each to a whole command, verification in Python and the worker included.

``scripts/fuzz_commands.py --count 30000 --seed 1 --state FOLDER [MODEL...]``: besides the models that are named, small
ones of every format are made. Run again with the same folder it goes on where it stopped. It needs the converter
environment. ``scripts/fuzz.py`` does the same, faster and without workers, to everything that reads a model.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.fuzzing.models import sound_models  # noqa: E402  the checkout beside this script is tried
from workflow.base.processes import run  # noqa: E402  as above

GALLERY = ROOT / "tests" / "data" / "keras3"
BATCH = 200
"""How many models one process tries, with one set of workers."""


def main() -> int:
    """Try all seeds, batch by batch; print figures for each format and command, and what was found."""
    options = _options()
    options.state.mkdir(parents=True, exist_ok=True)
    counted, findings = options.state / "counts.json", options.state / "findings.jsonl"
    state = json.loads(counted.read_text()) if counted.exists() else {"next": options.seed, "counts": {}}
    shutil.rmtree(options.state / "sound", ignore_errors=True)
    models = [str(path) for path in (*options.models, *sound_models(options.state / "sound", GALLERY))]
    counts, seed, begin = Counter(state["counts"]), state["next"], time.monotonic()
    while seed < options.seed + options.count and time.monotonic() - begin < options.seconds:
        count = min(BATCH, options.seed + options.count - seed)
        seed += _batch(seed, count, state=options.state, models=models, counts=counts)
        counted.write_text(json.dumps({"next": seed, "counts": counts}))
        print(f"{seed - options.seed:,} in {time.monotonic() - begin:.0f} s", flush=True)
    return _summary(counts, findings)


def _batch(first: int, count: int, *, state: Path, models: list[str], counts: Counter[str]) -> int:
    """Try a batch in a process of its own and return how far it came: to its end, or to what crashed or hung."""
    progress, findings = state / "seed", state / "findings.jsonl"
    argv = [sys.executable, "-m", "tests.fuzzing.whole_commands", str(progress), str(findings), str(first), str(count)]
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = run([*argv, *models], cwd=ROOT, env=environ, timeout=count * 20.0 + 300)
    if done.code == 0 and done.stdout.strip():
        counts.update(json.loads(done.stdout.strip().splitlines()[-1]))
        return count
    last = int(progress.read_text())
    counts["found: crash"] += 1
    found = {"seed": last, "which": "?", "what": f"crash: {done.code}", "said": done.stderr[-4000:]}
    with findings.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")
    return last - first + 1


def _summary(counts: Counter[str], findings: Path) -> int:
    for which, count in sorted(counts.items()):
        print(f"{count:7,}  {which}")
    found = [json.loads(line) for line in findings.read_text().splitlines()] if findings.exists() else []
    for one in found[:20]:
        print(f"seed {one['seed']}: {one['which']}: {one['what'].splitlines()[-1][:200]}")
    print(f"summary: {len(found)} findings: {findings}")
    return int(bool(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after these, between two batches")
    parser.add_argument("--state", type=Path, required=True, help="a folder for figures, findings and how far it came")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
