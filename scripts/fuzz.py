"""Damage models by the thousand and read them as every command does: no traceback, no hanging, no 2 GiB.

``scripts/fuzz.py --count 30000 --seed 1 [MODEL...]``: besides the models that are named, small ones of every format
are made. Findings are counted by the line of ours that they came through; ``--findings`` keeps them with their seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.fuzzing.loop import REPORTS  # noqa: E402  the checkout beside this script is tried
from tests.fuzzing.models import sound_models  # noqa: E402  as above
from workflow.base.processes import run  # noqa: E402  as above

GALLERY = ROOT / "tests" / "data" / "keras3"
BATCH = 500
"""How many models one process tries: what leaks or lingers in it is then seen, and does not add up."""


def main() -> int:
    """Try all seeds, batch by batch; print figures per format and what was found where."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-models-"))
    findings = options.findings or folder / "findings.jsonl"
    models = [str(path) for path in (*options.models, *sound_models(folder, GALLERY))]
    models.append(REPORTS)
    counts: Counter[str] = Counter()
    begin, seed, end = time.monotonic(), options.seed, options.seed + options.count
    while seed < end:
        seed += _batch(seed, min(BATCH, end - seed), folder=folder, findings=findings, models=models, counts=counts)
        print(f"{seed - options.seed:,} in {time.monotonic() - begin:.0f} s: {dict(counts)}", flush=True)
    return _summary(findings)


def _batch(first: int, count: int, *, folder: Path, findings: Path, models: list[str], counts: Counter[str]) -> int:
    """Try a batch in a process of its own and return how far it came: to its end, or to what hung or crashed."""
    progress = folder / "seed"
    argv = [sys.executable, "-m", "tests.fuzzing.loop", str(progress), str(findings), str(first), str(count), *models]
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "TFJS_WORKFLOW_HOME": str(folder / "home")}
    done = run(argv, cwd=ROOT, env=environ, timeout=count * 20.0 + 60)
    if done.code in (0, 1) and done.stdout.strip():
        counts.update(json.loads(done.stdout.strip().splitlines()[-1]))
        return count
    last = int(progress.read_text())
    counts["not counted"] += last - first + 1
    frames = [line.strip() for line in done.stderr.splitlines() if "/workflow/" in line]
    found = {"seed": last, "model": "?", "format": "?", "place": f"hang or crash ({done.code}) {frames[:1]}"}
    with findings.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**found, "traceback": done.stderr[-6000:]}) + "\n")
    return last - first + 1


def _summary(findings: Path) -> int:
    found = [json.loads(line) for line in findings.read_text().splitlines()] if findings.exists() else []
    for place, count in Counter(one["place"] for one in found).most_common():
        seeds = [one["seed"] for one in found if one["place"] == place][:5]
        print(f"{count:6,}  {place}  (seeds {', '.join(map(str, seeds))})")
    print(f"summary: {len(found):,} findings in {len({one['place'] for one in found})} places: {findings}")
    return int(bool(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
