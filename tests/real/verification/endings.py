"""Recipes that are run as a user would, and what each step ends as, told by the run's record."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import ROOT
from workflow.base.processes import Completed, run

if TYPE_CHECKING:
    from pathlib import Path

IN_PYTHON = "verify: {runtimes: [python]}\n"
IN_NODE = "verify: {runtimes: [python, node], repeat: 0}\n"

PROVEN = "passed"
"""The ending of a step whose result was compared with its source, within bounds, in every place of the recipe."""


@dataclass(frozen=True)
class SmallCase:
    """A folder of ../shared/cases, the recipe that is run in a copy, and what each step of it ends as.

    An ending is a verdict ("passed", "no proof"...) or, where the step is to be refused, what its message has to say.
    ``scripts`` are run first, in the converter environment.
    """

    folder: str
    recipe: str
    endings: dict[str, str]
    scripts: tuple[str, ...] = ()


def steps(*lines: str, places: str = IN_NODE) -> str:
    return places + "steps:\n" + "".join(f"  - {line}\n" for line in lines)


def require_endings(case: SmallCase, folder: Path, *, python: Path) -> None:
    """Run a case in a folder, and compare what its steps end as with what they should."""
    for script in case.scripts:
        made = run([str(python), script], cwd=folder, timeout=200)
        assert made.code == 0, made.stderr
    done = convert(folder, case.recipe)
    (record,) = (folder / ".tfjs-workflow").glob("*/runs/*.json")
    ended = {step["step"]: ending(step) for step in json.loads(record.read_text())["steps"]}
    wrong = {name: ended[name] for name, wanted in case.endings.items() if wanted not in ended[name]}
    assert not wrong, done.stdout + done.stderr


def convert(folder: Path, recipe: str) -> Completed:
    (folder / "tried.yml").write_text(recipe)
    environ = dict(os.environ, PYTHONPATH=str(ROOT), NO_COLOR="1", COLUMNS="200")
    argv = [sys.executable, "-m", "workflow", "convert", "tried.yml", "--keep-going"]
    return run(argv, cwd=folder, env=environ, timeout=400)


def ending(step: dict[str, Any]) -> str:
    """Return a step's verdict, or why it failed; a place where it did not run spoils a pass."""
    if step["status"] == "failed":
        return str(step["error"])
    check = step["facts"]["check"]
    missed = [run["runtime"] for run in check["runs"] if run["status"] == "not run"]
    return f"{check['verdict']}" + (f", not run in {missed}" if missed else "")
