"""Damage models and give them to the jobs of the worker, in the environments that are made on this machine.

``scripts/fuzz_worker.py --count 2000 --seed 1 [MODEL...]``. With ``--inspected``, only what passes the inspection of
the host, as everything does that a command gives to a worker.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.fuzzing.damage import damaged, format_of  # noqa: E402  the checkout beside this script is tried
from tests.fuzzing.models import sound_models  # noqa: E402  as above
from workflow import environment  # noqa: E402  as above
from workflow.base.errors import WorkflowError  # noqa: E402  as above
from workflow.base.processes import run  # noqa: E402  as above
from workflow.models.inspection import inspect_model  # noqa: E402  as above

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format

GALLERY = ROOT / "tests" / "data" / "keras3"
BATCH = 100
NAMES = ("tfjs", "keras3")
PROGRAM = ROOT / "tests" / "fuzzing" / "in_worker.py"


def main() -> int:
    """Try all seeds in both environments, batch by batch; print figures and what was found where."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-worker-"))
    findings = options.findings or folder / "findings.jsonl"
    models: dict[Format, list[Path]] = {}
    for model in (*options.models, *sound_models(folder / "sound", GALLERY)):
        models.setdefault(format_of(model), []).append(model)
    counts: Counter[str] = Counter()
    end = options.seed + options.count
    for first in range(options.seed, end, BATCH):
        with tempfile.TemporaryDirectory(prefix="fuzz-worker-") as place:
            tasks = _tasks(Path(place), range(first, min(first + BATCH, end)), models, inspected=options.inspected)
            counts.update(_formats(tasks))
            for name in NAMES:
                _done(tasks, findings, name=name)
        print(dict(counts), flush=True)
    return _summary(findings)


def _tasks(folder: Path, seeds: range, models: dict[Format, list[Path]], *, inspected: bool) -> Path:
    listed = []
    for seed in seeds:
        dice = random.Random(seed)  # noqa: S311  for damage, not for secrets
        kind = dice.choice(sorted(models))
        (folder / str(seed)).mkdir()
        path = damaged(dice.choice(models[kind]), folder / str(seed), dice)
        if not inspected or _passes(path, kind):
            listed.append({"seed": seed, "format": kind, "path": str(path)})
    tasks = folder / "tasks"
    tasks.write_text("".join(json.dumps(task) + "\n" for task in listed))
    return tasks


def _passes(path: Path, kind: Format) -> bool:
    try:
        inspect_model(path, kind)
    except WorkflowError:
        return False
    return True


def _formats(tasks: Path) -> list[str]:
    return [json.loads(line)["format"] for line in tasks.read_text().splitlines()]


def _done(tasks: Path, findings: Path, *, name: str) -> None:
    """Do a batch; what ends the process is a finding, and the batch goes on behind it."""
    made = environment.find(name)
    if made is None:
        return
    progress = tasks.with_name(f"progress-{name}")
    lines = tasks.read_text().splitlines()
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    while not progress.exists() or int(progress.read_text()) < len(lines):
        before = progress.read_text() if progress.exists() else ""
        argv = [str(made.python), "-W", "ignore", str(PROGRAM), str(tasks), str(findings), str(progress)]
        done = run(argv, env=environ, timeout=60.0 * BATCH)
        if done.code == 0 or not progress.exists():
            if done.code:
                print(done.stderr[-2000:])
            return
        number = int(progress.read_text())
        frames = [line.strip() for line in done.stderr.splitlines() if line.strip().startswith("File")]
        place = f"hang or crash ({done.code}) in {name}: {frames[:1]}"
        with findings.open("a") as file:
            file.write(
                json.dumps({**json.loads(lines[number]), "place": place, "traceback": done.stderr[-4000:]}) + "\n"
            )
        progress.write_text(str(number + 1))
        if before == progress.read_text():
            return


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
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path)
    parser.add_argument("--inspected", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
