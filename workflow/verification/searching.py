"""From a verification that failed to the first layer or node that differs, and the command that shows it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.verification import contract, tolerances
from workflow.verification.asking import Ask, absolute
from workflow.verification.locate import Located, Search, locate
from workflow.verification.requests import NotRun
from workflow.verification.script_sources import is_made_in_script
from workflow.verification.source_answers import Question, ask_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.verification.asking import Places
    from workflow.verification.evidence import Evidence, LevelName, Place, PlaceReport
    from workflow.verification.levels import Case

NOTHING = "nothing to locate"
_NAMED: Mapping[LevelName, str] = {
    "structure": "files and tensors",
    "weights": "tensors",
    "contract": "layers, inputs or outputs",
}


@dataclass(frozen=True)
class SearchResult:
    """What was found in which place, and the command that reproduces it."""

    located: Located
    place: str
    command: str


def search(case: Case, places: Places, *, report: Evidence, keep: Path) -> SearchResult | NotRun:
    """Locate the difference that ``report`` found, in the first place that failed; files to show it go to ``keep``."""
    failed = [run for run in report.runs if run.status == "failed"]
    if not failed:
        return _nothing(report)
    place = _worst_place(failed)
    source = absolute(case.source or case.result)
    at_home = case.source is not None or is_made_in_script(case.result)
    question = Question(source, case.settings, places, at_home=at_home)
    found = ask_source(question, folder=case.folder / "search")
    if isinstance(found, NotRun):
        return found
    names = contract.renamed(report.level("contract"), "inputs")
    ask = Ask(absolute(case.result), found.feeds[:2], case.folder / "cuts", names)
    limits = tolerances.Tolerances(
        depth=tolerances.depth(case.result),
        noise=tolerances.noise(case.result, case.source) if case.source else 0.0,
        settings=case.settings.replaced(atol=None, rtol=None, outputs={}),
    )
    located = locate(Search(ask, source, places, place, limits), keep=keep)
    if isinstance(located, NotRun):
        return located
    return SearchResult(located, str(place), _command(case, located, place=place))


def _nothing(report: Evidence) -> NotRun:
    """Return why there is nothing to locate: another level says what is wrong, nothing is, or nothing was run."""
    failed = report.failed
    if failed is not None and failed.level in _NAMED:
        return NotRun(f"{NOTHING}: the {failed.level} level names the {_NAMED[failed.level]}", "")
    if not any(run.status == "passed" for run in report.runs):
        return NotRun(f"{NOTHING}: nothing was run", "")
    return NotRun(f"{NOTHING}: no output differs by more than is allowed", "")


def _worst_place(failed: list[PlaceReport]) -> Place:
    """Prefer Python: what differs there already is the conversion's doing and differs everywhere."""
    return next((one for one in failed if one.runtime == "python"), failed[0]).place


def _command(case: Case, located: Located, *, place: Place) -> str:
    if located.reproduction is None:
        return ""
    inputs = str(located.reproduction.parent / "inputs.npz")
    if place.runtime == "python" and case.source is not None:
        words = ["tfjs-workflow", "verify", str(case.result.path), "--against", str(case.source.path)]
        return shlex.join([*words, "--inputs", inputs, "--runtime", "python", "--locate"])
    words = ["tfjs-workflow", "verify", str(located.reproduction), "--inputs", inputs, "--runtime", "python"]
    return shlex.join([*words, "--runtime", place.runtime, *(["--backend", place.backend] if place.backend else [])])
