"""Draws changes by a seed, tries each in a sandbox, and tells which of them a test noticed."""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING

from tests.mutation.leash import HUNG
from tests.mutation.operators import Mutant, lines_of, mutants
from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.mutation.line_map import LineMap
    from tests.mutation.sandbox import Sandbox

FIRST_MODULES = 12
"""So many modules of tests are tried first: most changes are noticed by the quickest."""

LEAST_SECONDS = 45.0
SLOWER = 5.0


class Drawn(Record):
    """A change of a file."""

    file: str
    mutant: Mutant
    change: str


class Result(Record):
    """What became of a change: ``noticed`` or ``hung`` (by which test), ``survived`` or ``not executed``."""

    drawn: Drawn
    verdict: str
    by: str
    tests: int
    seconds: float


def drawing(root: Path, files: list[str], seed: int) -> Iterator[Drawn]:
    """Yield changes for ever, or until every line has had one: first a line is drawn, then a kind, then a change."""
    dice = random.Random(seed)
    sources = {file: (root / file).read_bytes() for file in files}
    lines = [(file, found) for file, source in sources.items() for _, found in lines_of(mutants(source))]
    dice.shuffle(lines)
    for file, found in lines:
        kind = dice.choice(sorted({one.kind for one in found}))
        mutant = dice.choice([one for one in found if one.kind == kind])
        yield Drawn(file, mutant, mutant.shown(sources[file]))


def tried(drawn: Drawn, box: Sandbox, lines: LineMap, without: frozenset[str] = frozenset()) -> Result:
    """Try a change: the quickest tests that execute it, then all others that may depend on it."""
    begin = time.monotonic()
    near, far = lines.executing(drawn.file, drawn.mutant)
    near, far = ([nodeid for nodeid in tests if nodeid not in without] for tests in (near, far))
    first = _of_first_modules(near)
    rest = [nodeid for nodeid in near if nodeid not in set(first)] + far
    if not near:
        return Result(drawn, "not executed", "", 0, 0.0)
    box.change(drawn.file, drawn.mutant)
    try:
        for tests in filter(None, (first, rest)):
            code, said = box.run_tests(tests, LEAST_SECONDS + SLOWER * lines.seconds(tests))
            if code != 0:
                verdict = "hung" if code == HUNG else "noticed"
                return Result(drawn, verdict, _noticing(said, code), len(tests), time.monotonic() - begin)
    finally:
        box.restore(drawn.file)
    return Result(drawn, "survived", "", len(first) + len(rest), time.monotonic() - begin)


def _of_first_modules(tests: list[str]) -> list[str]:
    modules: list[str] = []
    for nodeid in tests:
        module = nodeid.partition("::")[0]
        if module not in modules and len(modules) < FIRST_MODULES:
            modules.append(module)
    return [nodeid for nodeid in tests if nodeid.partition("::")[0] in modules]


def _noticing(said: str, code: int) -> str:
    """Return the test that failed, or what else pytest says."""
    match = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", said, re.MULTILINE)
    return match[1] if match else f"exit code {code}"


def unsteady(results: list[Result], box: Sandbox) -> frozenset[str]:
    """Return the tests that noticed something and fail without any change, too: what they say does not count."""
    found: set[str] = set()
    suspects = sorted({one.by for one in results if one.verdict == "noticed" and "::" in one.by})
    while suspects:
        code, said = box.run_tests(suspects, 1200.0)
        culprit = _noticing(said, code)
        if code == 0 or culprit not in suspects:
            break
        found.add(culprit)
        suspects.remove(culprit)
    return frozenset(found)
