"""The whole reports of verification, for each model of the fault injection and for the sound ones."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.verification.damages import DAMAGES
from tests.unit.verification.keras_files import saved
from tests.unit.verification.models import NumpyPlaces, graph_model, layers_model, quantized
from tests.unit.verification.test_wrong_converters import KINDS, SHARD, WRONG, converted, quickly_verified
from workflow.base.errors import DeclinedError, ModelFileError
from workflow.recipe.recipes import Verification
from workflow.verification.levels import Case, verify
from workflow.verification.requests import NotRun, Subject
from workflow.verification.searching import search

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
    found |= _of_wrong_converters(scratch)
    for damage in DAMAGES:
        copy = scratch / "copy"
        shutil.copytree(good[damage.base].path, copy)
        damage.hurt(copy)
        damaged = Subject(copy, good[damage.base].format)
        report = _verified(damaged, good, damage.base, scratch)
        found[damage.name] = {**told(report, scratch), "located": _located(damaged, good, damage.base, scratch)}
        shutil.rmtree(copy)
    return found


def _of_wrong_converters(scratch: Path) -> dict[str, Any]:
    """Return what is found in what a native converter writes that is wrong in a small way."""
    found: dict[str, Any] = {}
    for what, (model, change) in WRONG.items():
        for ending, kind in KINDS.items():
            folder = scratch / "wrong"
            folder.mkdir()
            source = Subject(saved(folder, model, ending), kind)
            with pytest.MonkeyPatch.context() as patch:
                change(patch)
                try:
                    result = converted(source, folder / "web", weight_shard_size_bytes=SHARD)
                except (DeclinedError, ModelFileError):
                    result = None  # it noticed by itself
            if result is not None:
                report = quickly_verified(result, source, folder)
                found[f"{what}, from {ending}"] = [
                    f"{level.level} {level.status}: {finding.text}".replace(str(folder), "FOLDER")
                    for level in report.levels
                    for finding in level.findings
                ]
            shutil.rmtree(folder)
    return found


def _good(folder: Path) -> dict[str, Subject]:
    made = {"layers": layers_model(folder / "layers"), "graph": graph_model(folder / "graph")}
    for dtype in ("uint8", "uint16", "float16"):
        made[dtype] = quantized(made["layers"], folder / dtype, dtype)
    made["graph_uint8"] = quantized(made["graph"], folder / "graph_uint8", "uint8")
    return made


def _verified(result: Subject, good: dict[str, Subject], base: str, scratch: Path) -> Evidence:
    settings = Verification(runtimes=("python", "node"))
    report = verify(Case(result, _source(good, base), settings, scratch / "work"), NumpyPlaces())
    shutil.rmtree(scratch / "work", ignore_errors=True)
    return report


def _located(result: Subject, good: dict[str, Subject], base: str, scratch: Path) -> str:
    """Return where the difference begins, how it is shown again and what was computed for it, or why it is not said."""
    case = Case(result, _source(good, base), Verification(runtimes=("python", "node")), scratch / "work")
    places = NumpyPlaces()
    found = search(case, places, report=verify(case, places), keep=scratch / "kept")
    asked = [f"{name} {'with weights' if one.get('weights') else ''}".strip() for name, one in places.jobs]
    for folder in ("work", "kept"):
        shutil.rmtree(scratch / folder, ignore_errors=True)
    if isinstance(found, NotRun):
        return f"{found.why} | {found.remedy}"
    words = f"{found.located.sentence()} | {found.place} | {found.command} | {found.located.cuts} | {', '.join(asked)}"
    return words.replace(str(scratch), "FOLDER")


def _source(good: dict[str, Subject], base: str) -> Subject:
    return good["graph" if base.startswith("graph") else "layers"]


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
