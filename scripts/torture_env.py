"""Ends ``env create`` at many moments in five ways, runs the same command again each time, and prints what it found.

    .venv/bin/python scripts/torture_env.py [--rounds 60] [--seed 0] [--conda PATH] [--managers python,conda]

Three managers take turns: a Python of this machine, the embedded one with a channel that is served here, and a conda
that takes its time (or the real one that is named). It needs Linux and a CPython 3.8 in a folder of its own.
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.conftest import pytest_configure
from tests.real.environment import small_site
from tests.real.environment.torture import ENDS, MANAGERS, Outcome, Round, Torture
from tests.unit.environment.package_server import serving

_DELAY = 0.002


def main() -> int:
    """Play the rounds and print a table; the exit code is 1 when anything was amiss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--conda", type=Path, help="a real conda, in place of the one that only takes its time")
    parser.add_argument("--managers", default=",".join(MANAGERS))
    options = parser.parse_args()
    pytest_configure()  # every signal must mean something to the programs that are started, also under nohup
    python = small_site.python38()
    if python is None:
        sys.stderr.write("there is no CPython 3.8 in a folder of its own\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        site = small_site.build(Path(folder), python)
        with serving(site.channel.folder) as server:
            server.behaviour.delay = _DELAY
            site.lock_channel(server.url)
            torture = Torture(site, conda=options.conda)
            return _report(_played(torture, options))


def _played(torture: Torture, options: argparse.Namespace) -> list[Outcome]:
    managers = options.managers.split(",")
    whole = {manager: torture.measure(manager) for manager in managers}
    print("undisturbed:", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in whole.items()), flush=True)
    dice = random.Random(options.seed)  # noqa: S311  moments, no secrets
    outcomes = []
    for number in range(options.rounds):
        manager, end = managers[number % len(managers)], ENDS[number // len(managers) % len(ENDS)]
        moment = dice.uniform(0.05, whole[manager])
        one = Round(manager, end, moment, at_once=dice.random() < 0.6, cold=dice.random() < 0.5)  # noqa: PLR2004  as often as not
        begin = time.monotonic()
        outcome = torture.play(one)
        outcomes.append(outcome)
        said = "; ".join(outcome.complaints) or "complete"
        print(
            f"{number + 1:3} {manager:9} {end:15} after {moment:4.1f} s, {'at once' if one.at_once else 'later'}"
            f" ({time.monotonic() - begin:.1f} s): {said}",
            flush=True,
        )
    return outcomes


def _report(outcomes: list[Outcome]) -> int:
    print(f"\n{'manager':10}{'end':17}{'rounds':>7}{'at work':>9}{'complete':>9}{'lived on':>10}")
    groups: dict[tuple[str, str], list[Outcome]] = collections.defaultdict(list)
    for outcome in outcomes:
        groups[outcome.round.manager, outcome.round.end].append(outcome)
    for (manager, end), found in sorted(groups.items()):
        hit, fine = sum(one.was_at_work for one in found), sum(not one.complaints for one in found)
        print(f"{manager:10}{end:17}{len(found):7}{hit:9}{fine:9}{max(one.seconds_left for one in found):8.1f} s")
    amiss = [complaint for outcome in outcomes for complaint in outcome.complaints]
    print(f"\n{len(outcomes)} rounds, {sum(not one.complaints for one in outcomes)} complete, {len(amiss)} complaints")
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main())
