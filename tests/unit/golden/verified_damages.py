"""The whole reports of verification, for each model of the fault injection and for the sound ones."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from tests.unit.verification.damages import DAMAGES
from tests.unit.verification.models import NumpyPlaces, graph_model, layers_model, quantized
from workflow.recipe.recipes import Verification
from workflow.verification.levels import Case, verify
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.evidence import Evidence, LevelReport

FILE = "verified_damages.json"
_OF_ALL = ("attribution", "inputs", "drawn", "samples", "versions")
_TIMES = frozenset({"seconds", "load_average", "timings", "versions", "inputs"})


def all_reports(scratch: Path) -> dict[str, Any]:
    """Return what each verification tells, without what differs from run to run."""
    good = _good(scratch / "good")
    found = {f"sound: {name}": told(_verified(one, good, name, scratch), scratch) for name, one in good.items()}
    found["sound: graph of layers"] = told(_verified(good["graph"], good, "layers", scratch), scratch)
    for damage in DAMAGES:
        copy = scratch / "copy"
        shutil.copytree(good[damage.base].path, copy)
        damage.hurt(copy)
        report = _verified(Subject(copy, good[damage.base].format), good, damage.base, scratch)
        found[damage.name] = told(report, scratch)
        shutil.rmtree(copy)
    return found


def _good(folder: Path) -> dict[str, Subject]:
    made = {"layers": layers_model(folder / "layers"), "graph": graph_model(folder / "graph")}
    for dtype in ("uint8", "uint16", "float16"):
        made[dtype] = quantized(made["layers"], folder / dtype, dtype)
    made["graph_uint8"] = quantized(made["graph"], folder / "graph_uint8", "uint8")
    return made


def _verified(result: Subject, good: dict[str, Subject], base: str, scratch: Path) -> Evidence:
    source = good["graph" if base.startswith("graph") else "layers"]
    settings = Verification(runtimes=("python", "node"))
    report = verify(Case(result, source, settings, scratch / "work"), NumpyPlaces())
    shutil.rmtree(scratch / "work", ignore_errors=True)
    return report


def told(report: Evidence, scratch: Path) -> dict[str, Any]:
    """Return all that a verification tells, without times, with its numbers to four digits."""
    found = {
        "verdict": report.verdict,
        "levels": {level.level: _level(level) for level in report.levels},
        "runs": [run.as_json() for run in report.runs],
        "facts": {key: value for key, value in report.as_json().items() if key in _OF_ALL},
    }
    plain: dict[str, Any] = _settled(json.loads(json.dumps(found, default=str)), str(scratch))
    return plain


def _level(level: LevelReport) -> dict[str, Any]:
    findings = [
        {key: getattr(one, key) for key in ("text", "subject", "figure", "bound", "look", "remedy")}
        for one in level.findings
    ]
    return {
        **{key: getattr(level, key) for key in ("status", "why", "remarks", "table")},
        "findings": findings,
        "facts": dict(level.facts),
    }


def _settled(value: Any, folder: str) -> Any:
    """Return a value without times, empty fields and the folder's place, and with numbers to four digits."""
    if isinstance(value, dict):
        kept = {key: _settled(each, folder) for key, each in value.items() if key not in _TIMES}
        return {key: each for key, each in kept.items() if each not in ("", [], None)}
    if isinstance(value, list):
        return [_settled(each, folder) for each in value]
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return value.replace(folder, "FOLDER") if isinstance(value, str) else value
