"""From a verification that failed to the first layer or node that differs, and the command that shows it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.verification import contract, outputs, tolerances
from workflow.verification.locate import Located, Search, locate
from workflow.verification.model import NotRun
from workflow.verification.places import Ask, absolute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.verification.levels import Case
    from workflow.verification.model import LevelName, Report
    from workflow.verification.places import Bench

NOTHING = "nothing to locate"
_NAMED: Mapping[LevelName, str] = {
    "structure": "files and tensors",
    "weights": "tensors",
    "contract": "inputs and outputs",
}


@dataclass(frozen=True)
class Answer:
    """What was found in which place, and the command that reproduces it."""

    located: Located
    place: str
    command: str


def search(case: Case, bench: Bench, *, report: Report, keep: Path) -> Answer | NotRun:
    """Locate the difference that ``report`` found, in the first place that failed; files to show it go to ``keep``."""
    failed = [run for run in report.runs if run["status"] == "failed"]
    if not failed:
        return _nothing(report)
    runtime, backend = _worst_place(failed)
    source = absolute(case.source or case.result)
    found = outputs.reference_of(source, case.settings, bench=bench, folder=case.folder / "search")
    if isinstance(found, NotRun):
        return found
    names = contract.renamed(report.level("contract"), "inputs")
    ask = Ask(absolute(case.result), found.feeds[:2], case.folder / "cuts", names)
    limits = tolerances.Tolerances(
        depth=tolerances.depth(case.result),
        noise=tolerances.noise(case.result, case.source) if case.source else 0.0,
        settings=case.settings.replaced(atol=None, rtol=None, outputs={}),
    )
    located = locate(Search(ask, source, bench, (runtime, backend), limits), keep=keep)
    if isinstance(located, NotRun):
        return located
    place = f"{runtime} {backend}" if backend else runtime
    return Answer(located, place, _command(case, located, runtime=runtime, backend=backend))


def _nothing(report: Report) -> NotRun:
    """Return why there is nothing to locate: another level says what is wrong, nothing is, or nothing was run."""
    failed = report.failed
    if failed is not None and failed.level in _NAMED:
        return NotRun(f"{NOTHING}: the {failed.level} level names the {_NAMED[failed.level]}", "")
    if not any(run["status"] == "passed" for run in report.runs):
        return NotRun(f"{NOTHING}: nothing was run", "")
    return NotRun(f"{NOTHING}: no output differs by more than is allowed", "")


def _worst_place(failed: list[Any]) -> tuple[str, str | None]:
    """Prefer Python: what differs there already is the conversion's doing and differs everywhere."""
    run = next((one for one in failed if one["runtime"] == "python"), failed[0])
    return str(run["runtime"]), run.get("backend")


def _command(case: Case, located: Located, *, runtime: str, backend: str | None) -> str:
    if located.reproduction is None:
        return ""
    inputs = str(located.reproduction.parent / "inputs.npz")
    if runtime == "python" and case.source is not None:
        words = ["tfjs-workflow", "verify", str(case.result.path), "--against", str(case.source.path)]
        return shlex.join([*words, "--inputs", inputs, "--runtime", "python", "--locate"])
    words = ["tfjs-workflow", "verify", str(located.reproduction), "--inputs", inputs, "--runtime", "python"]
    return shlex.join([*words, "--runtime", runtime, *(["--backend", backend] if backend else [])])
