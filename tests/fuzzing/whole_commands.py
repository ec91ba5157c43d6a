"""One process that damages models and gives them to whole commands, on workers that stay warm.

``python -m tests.fuzzing.whole_commands PROGRESS FINDINGS FIRST COUNT MODEL...``: COUNT seeds from FIRST on, each
written to PROGRESS before it is tried. Findings are a command that ends as a bug or shows a traceback, one that takes
longer than its time, and one for which a process took more memory than it may; each is one JSON object a line.
"""

from __future__ import annotations

import faulthandler
import json
import random
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzzing.damage import damaged, format_of
from tests.real.safety import running
from workflow.models.hdf5 import library

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 20
"""Seconds that one command may take, besides what a worker takes to start."""

STARTING = 40
MEMORY = 2 << 30
_BUG = "a bug in tfjs-workflow"
_TRACEBACK = "Traceback (most recent call last)"
_THEIRS = "the reference converter failed"
"""What stands before the end of its log, which is a traceback of its own."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "tfjs_layers_model": ("verify", "against", "locate", "graph_verified", "to_saved", "to_h5", "shard", "quantize"),
    "tfjs_graph_model": ("verify", "against", "locate", "to_saved", "shard", "quantize"),
    "keras": ("verify", "graph", "graph_verified", "to_js", "graph_reference", "to_js_reference"),
    "keras_keras": ("verify", "graph", "graph_verified", "to_js"),
    "keras_saved_model": ("verify", "graph", "to_js", "to_js_reference"),
    "tf_saved_model": ("verify", "graph", "graph_verified", "graph_reference", "hub"),
    "tf_frozen_model": ("graph", "frozen_reference"),
}


class Tried:
    """What was tried in a process: how many of each format and command, and what was found."""

    def __init__(self, findings: Path, models: list[Path]) -> None:
        self.counts: Counter[str] = Counter()
        self._findings = findings
        self._models: dict[str, list[Path]] = {}
        for model in models:
            self._models.setdefault(format_of(model), []).append(model)
        self._stage = running.Stage(Path(tempfile.mkdtemp(prefix="fuzz-")), listed=True)

    def one(self, seed: int) -> None:
        """Try one seed: a model, damaged, and one of the commands that read its format."""
        dice = random.Random(seed)
        kind = dice.choice(sorted(self._models))
        sound, command = dice.choice(self._models[kind]), dice.choice(COMMANDS[kind])
        self.counts[f"{kind} {command}"] += 1
        with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
            folder = Path(name)
            model = damaged(sound, folder, dice)
            words = running.arguments(command, model, folder, sound=sound)
            done = self._stage.run(words, folder=folder)
        for what in _wrong(done, self._stage.peak()):
            self._note(seed, f"{kind} {command}", what, done.said)

    def close(self) -> None:
        self._stage.close()

    def _note(self, seed: int, which: str, what: str, said: str) -> None:
        self.counts[f"found: {what.split(':', maxsplit=1)[0]}"] += 1
        found = {"seed": seed, "which": which, "what": what, "said": said[-4000:]}
        with self._findings.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")


def _wrong(done: running.Done, peak: int) -> Iterator[str]:
    told = [line for line in done.said.splitlines() if _BUG in line]
    if done.is_bug or told or (_TRACEBACK in done.said and _THEIRS not in done.said):
        yield f"bug: {' '.join(told)[:300]}"
    if done.seconds > LONGEST + STARTING or "took longer than its limit" in done.said:
        yield f"hang: {done.seconds:.0f} s"
    if peak > MEMORY:
        yield f"memory: {peak >> 20} MiB"


def _limit_memory() -> None:
    with suppress(ImportError):
        import resource  # noqa: PLC0415  not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY, 2 * MEMORY))


def main() -> int:
    """Try the seeds and print the counts."""
    progress, findings, first, count, *models = sys.argv[1:]
    library._SECONDS = 5.0
    _limit_memory()
    tried = Tried(Path(findings), list(map(Path, models)))
    for seed in range(int(first), int(first) + int(count)):
        Path(progress).write_text(str(seed))
        faulthandler.dump_traceback_later(3 * (LONGEST + STARTING), exit=True)
        tried.one(seed)
    faulthandler.cancel_dump_traceback_later()
    tried.close()
    sys.stdout.write(json.dumps(tried.counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
