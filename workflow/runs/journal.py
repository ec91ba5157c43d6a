"""Logs and records of runs, below ``.tfjs-workflow/<recipe>`` in the recipe's base folder, or in the tool's own."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import os
import re
import time
from typing import TYPE_CHECKING, Any

from workflow import __version__
from workflow.base import locations, wording
from workflow.base.digests import file_state
from workflow.base.storage import as_bytes, storing, sweep_all, write_new
from workflow.recipe.recipes import Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Outcome, Task

_KEPT_RUNS = 50
_RECENT = 5


class Journal:
    """The log files and the record of one run of ``recipe``."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._started = time.time()
        self.folder = journal_folder(recipe)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the folder is not in the recipe's, which cannot be written to."""
        return not self.folder.is_relative_to(self._recipe.base)

    def log(self, task: Task) -> Path:
        """Return an empty log file for a task; the former run's is gone."""
        path = self.folder / "logs" / f"{_safe(task.name)}.log"
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return path

    def write(
        self, outcomes: list[Outcome], facts: dict[str, Any], *, interrupted: Task | None = None
    ) -> dict[str, Any]:
        """Write the record of the run to ``runs/<UTC time>.json`` and return it; keeps the latest 50.

        Runs of one second have ``_2`` and so on behind their time. ``interrupted`` was at work when ^C came.
        """
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self._started))
        record = {
            "recipe": str(self._recipe.path),
            "name": self._recipe.name,
            "started": stamp,
            "seconds": round(time.time() - self._started, 3),
            "tool": __version__,
            "environment": facts,
            "steps": [_outcome_json(outcome) for outcome in outcomes],
            "interrupted": interrupted and {**_named(interrupted), "status": "interrupted"},
        }
        folder = self.folder / "runs"
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            sweep_all(folder)
            write_new(_names(folder, stamp), as_bytes(_written(record)))
            for old in sorted(folder.glob("*.json"))[:-_KEPT_RUNS]:
                old.unlink(missing_ok=True)
        return record


def journal_folder(recipe: Recipe) -> Path:
    """Return the folder of the recipe's logs and records: in its base folder, unless that cannot be written to.

    Where a link beside the recipe leads out of the base folder nothing is written either: it may be a stranger's.
    """
    beside = recipe.base / ".tfjs-workflow" / _safe(recipe.name)
    if beside.resolve().is_relative_to(recipe.base.resolve()) and _can_be_written(beside):
        return beside
    base = hashlib.sha256(os.fsencode(recipe.base)).hexdigest()[:16]
    return locations.home() / "journals" / f"{_safe(recipe.name)}-{base}"


def last_status(recipe: Recipe, task: Task) -> str:
    """Return how the task ended in the latest of the last runs that came to it; empty when none of them did."""
    for path in sorted((journal_folder(recipe) / "runs").glob("*.json"), reverse=True)[:_RECENT]:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            record = _record(path, file_state(path))
            for step in filter(None, (*record["steps"], record.get("interrupted"))):
                if step["step"] == task.name and step["output"] == str(task.output) and step["status"] != "not run":
                    return str(step["status"])
    return ""


@functools.lru_cache(maxsize=_RECENT)
def _record(path: Path, _state: tuple[int, ...]) -> dict[str, Any]:
    """Return the record of a run, read once for as long as it stays the same: every step of a plan asks for it."""
    record: dict[str, Any] = json.loads(path.read_bytes())
    return record


def _can_be_written(folder: Path) -> bool:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    error, declared = outcome.error, outcome.task.declared
    formats = None
    if isinstance(declared, Step):
        formats = {"from": declared.from_format, "to": outcome.facts.get("format") or declared.to_format}
    return {
        **_named(outcome.task),
        "kind": outcome.task.kind,
        "formats": formats,
        "status": outcome.status,
        "reasons": list(outcome.task.reasons),
        "seconds": round(outcome.seconds, 3),
        "bytes": {"before": outcome.bytes_before, "after": outcome.bytes_after},
        "facts": outcome.facts,
        "worker_jobs": [job.as_json() for job in outcome.jobs],
        "error": error and error.as_json(),
    }


def _written(record: dict[str, Any]) -> str:
    """Return a record as JSON that can be shown anywhere, with no secrets of addresses in it."""
    kept = wording.everywhere(record, wording.scrubbed)
    return wording.json_text(json.dumps(kept, indent=1, ensure_ascii=False, default=str)) + "\n"


def _named(task: Task) -> dict[str, str]:
    return {"step": task.name, "output": str(task.output)}


def _names(folder: Path, stamp: str) -> Iterator[Path]:
    """Yield the files that the record of a run of this time may be, without end."""
    yield folder / f"{stamp}.json"
    for number in itertools.count(2):
        yield folder / f"{stamp}_{number}.json"


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name) or "_"
