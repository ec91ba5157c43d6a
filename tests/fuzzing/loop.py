"""One process that damages models and reads them, which may crash, hang or run out of memory as a finding.

``python -m tests.fuzzing.loop PROGRESS FINDINGS FIRST COUNT MODEL...``: COUNT seeds from FIRST on, each written to
PROGRESS before it is tried; findings go to the file FINDINGS, one JSON object a line, and the loop goes on.
"""

from __future__ import annotations

import faulthandler
import json
import random
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fuzzing import commands
from tests.fuzzing.damage import damaged, format_of
from tests.unit.report.runs import failed_step, full_run, run_of
from workflow.models.hdf5 import library

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 20
"""Seconds that one damaged model may take."""

MEMORY = 2 << 30
REPORTS = "reports"
"""The word that stands among the models for damage to records of runs."""

_COMPARED, _COMMANDED = 0.4, 0.3
"""The share of models that are also held against what they were made of, and given to whole commands."""

_WITH_STEPS = ("tfjs_layers_model", "tfjs_graph_model", "keras_keras")
_PACKAGE = str(Path(__file__).resolve().parents[2] / "workflow")


class Tried:
    """What was tried in a process: how many of each format, and what was found."""

    def __init__(self, findings: Path, models: list[str]) -> None:
        self.counts: Counter[str] = Counter()
        self._findings = findings
        self._models: dict[str, list[str]] = {}
        for name in models:
            self._models.setdefault(REPORTS if name == REPORTS else format_of(Path(name)), []).append(name)
        self._home = Path(tempfile.mkdtemp(prefix="fuzz-"))
        self._recipes: list[Path] = []

    def one(self, seed: int) -> bool:
        """Try one seed; return whether nothing was found."""
        dice = random.Random(seed)
        kind = dice.choice(sorted(self._models))
        chosen = dice.choice(self._models[kind])
        self.counts[kind] += 1
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, commands.own_home(self._home):
            try:
                self._try(chosen, kind, Path(folder), dice)
            except Exception as error:  # noqa: BLE001  the finding
                self._note(seed, chosen, kind, error)
                return False
        return True

    def _try(self, chosen: str, kind: Any, folder: Path, dice: random.Random) -> None:
        if kind == REPORTS:
            runs = (full_run(), run_of(failed_step()))
            commands.through_the_reports(commands.copied(self._recipe(dice), folder), dice, runs=runs)
            return
        model = damaged(Path(chosen), folder, dice)
        commands.through_the_readers(model, kind, folder, dice)
        if dice.random() < _COMPARED:
            commands.against(Path(chosen), model, kind, folder)
        if dice.random() < _COMMANDED:
            commands.through_the_commands(model, kind, folder, dice)

    def _recipe(self, dice: random.Random) -> Path:
        if not self._recipes:
            small = [name for kind in _WITH_STEPS for name in self._models.get(kind, ())[-1:]]
            for number, name in enumerate(small):
                folder = self._home / f"ran{number}"
                folder.mkdir(parents=True)
                self._recipes.append(commands.ran(Path(name), folder))
        return dice.choice(self._recipes)

    def _note(self, seed: int, model: str, kind: str, error: BaseException) -> None:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        found = {"seed": seed, "model": model, "format": kind, "place": place_of(error), "traceback": text[-6000:]}
        with self._findings.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")


def place_of(error: BaseException) -> str:
    """Return the innermost line of ours that an exception came through, and its type: findings alike have one place."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_PACKAGE)]
    where = f"{frames[-1].filename[len(_PACKAGE) + 1 :]}:{frames[-1].lineno}" if frames else "tests"
    return f"{where} {type(error).__name__}"


def limit_memory() -> None:
    """Let allocations beyond any need fail here, where the system has such limits."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415  not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def seeds(progress: Path, first: int, *, count: int) -> Iterator[int]:
    """Yield seeds; each is on disk before it is tried, and ends the process when it takes too long."""
    for seed in range(first, first + count):
        progress.write_text(str(seed))
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        yield seed
    faulthandler.cancel_dump_traceback_later()


def main() -> int:
    """Try the seeds; the exit code says whether anything was found."""
    progress, findings, first, count, *models = sys.argv[1:]
    library._SECONDS = 5.0
    limit_memory()
    tried = Tried(Path(findings), models)
    good = [tried.one(seed) for seed in seeds(Path(progress), int(first), count=int(count))]
    sys.stdout.write(json.dumps(tried.counts))
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
