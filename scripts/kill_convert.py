"""End ``convert`` by kill -9, HUP, INT and TERM at random moments, each time followed by the same command to its end.

``scripts/kill_convert.py --count 200 --state FOLDER``: native conversions, conversions in the worker, and verified
ones in turn, from a seed. Run again with the same folder it goes on where it stopped; several at once with other
folders do not disturb each other. It needs the converter environment, and Linux.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.real.conversions import torture  # noqa: E402  the checkout beside this script is tried


def main() -> int:
    """Do the trials that are not done yet and print figures; the exit code says whether one found something."""
    options = _options()
    options.state.mkdir(parents=True, exist_ok=True)
    results = options.state / "results.jsonl"
    done = results.read_text().splitlines() if results.exists() else []
    kinds, begin = options.only or sorted(torture.RECIPES), time.monotonic()
    usual: dict[str, float] = {}
    for number in range(len(done), options.count):
        if time.monotonic() - begin > options.seconds:
            break
        kind = kinds[number % len(kinds)]
        if kind not in usual:
            usual[kind] = torture.Trial(options.state / "usual", kind).whole_run()
        dice = random.Random(f"{options.seed} {number}")  # noqa: S311  for moments, not for secrets
        found = torture.one(options.state / "trial", kind, dice, usual=usual[kind])
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"number": number, **found}) + "\n")
        if found["faults"]:
            print(f"{number} {kind} {found['moments']}: {found['faults']}", flush=True)
    return _summary(results)


def _summary(results: Path) -> int:
    found = [json.loads(line) for line in results.read_text().splitlines()]
    signals = Counter(moment.split()[0] for one in found for moment in one["moments"])
    faults = Counter(fault.split(":")[0] for one in found for fault in one["faults"])
    print(f"{len(found)} trials: {dict(Counter(one['kind'] for one in found))}; signals: {dict(signals)}")
    print(f"summary: {sum(bool(one['faults']) for one in found)} trials with faults: {dict(faults)}")
    return int(bool(faults))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after these, between two trials")
    parser.add_argument("--state", type=Path, required=True, help="a folder for results and the trials")
    parser.add_argument("--only", action="append", choices=sorted(torture.RECIPES))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
