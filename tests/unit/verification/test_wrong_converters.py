"""A native converter that is wrong in a small way is caught by the weights of what it writes, with nothing run."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.verification.keras_files import MODELS, saved
from tests.unit.verification.wrong_converters import (
    WRONG_BACK,
    WRONG_LINES,
    WRONG_OTHERWISE,
    WRONG_VALUES,
    with_line,
    with_values,
)
from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.recipe.recipes import Verification
from workflow.verification.levels import Case, verify
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.catalogue.formats import Format
    from workflow.verification.evidence import Evidence

    Change = Callable[[pytest.MonkeyPatch], None]

KINDS: dict[str, Format] = {"keras": "keras_keras", "h5": "keras"}
SHARD = 200  # bytes, so that there are several files of weights
WRONG: dict[str, tuple[str, Change]] = {
    **{what: (model, partial(with_values, change=change)) for what, (model, change) in WRONG_VALUES.items()},
    **{what: (model, partial(with_line, line=line)) for what, (model, line) in WRONG_LINES.items()},
    **WRONG_OTHERWISE,
}


def converted(source: Subject, target: Path, to: Format = "tfjs_layers_model", **options: Any) -> Subject:
    EDGES[source.format, to](Job(source.path, source.format, target, to, options, Silent()))
    return Subject(target, to)


def quickly_verified(result: Subject, source: Subject, folder: Path) -> Evidence:
    """Verify as ``verify --quick`` does: nothing is run."""
    no_bench: Any = None
    return verify(Case(result, source, Verification(enabled=False), folder), no_bench)


def bytes_of(subject: Subject) -> list[bytes]:
    files = sorted(subject.path.iterdir()) if subject.path.is_dir() else [subject.path]
    return [path.read_bytes() for path in files]


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_what_the_right_converter_writes_passes_with_every_weight_known(
    model: str, ending: str, tmp_path: Path
) -> None:
    source = Subject(saved(tmp_path, model, ending), KINDS[ending])
    for kind in ("", "uint8", "float16"):
        options: dict[str, Any] = {f"quantize_{kind}": ["*"]} if kind else {}
        result = converted(source, tmp_path / f"web_{kind}", **options)
        level = quickly_verified(result, source, tmp_path).level("weights")
        assert level is not None
        assert (level.status, level.findings, level.facts.get("others")) == ("passed", (), None)
        assert level.facts["tensors"] == sum(len(group["weights"]) for group in manifest(result))


def manifest(subject: Subject) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((subject.path / "model.json").read_text())["weightsManifest"]
    return found


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_converter_is_caught_without_running_anything(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, change = WRONG[what]
    sources = [Subject(saved(tmp_path, model, ending), KINDS[ending]) for ending in KINDS]
    right = [
        bytes_of(converted(one, tmp_path / f"right_{one.format}", weight_shard_size_bytes=SHARD)) for one in sources
    ]
    change(monkeypatch)
    noticed = []
    for source, sound in zip(sources, right, strict=True):
        try:
            result = converted(source, tmp_path / f"wrong_{source.format}", weight_shard_size_bytes=SHARD)
        except (DeclinedError, ModelFileError):
            continue  # it noticed by itself
        if bytes_of(result) != sound:
            report = quickly_verified(result, source, tmp_path)
            noticed.append((source.format, report.failed.level if report.failed else report.verdict))
    assert noticed, "the change changes no result"
    assert {level for _, level in noticed} <= {"structure", "weights"}, noticed


@pytest.mark.parametrize("what", WRONG_BACK)
def test_a_wrong_way_back_to_keras_is_caught_without_running_anything(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = converted(Subject(saved(tmp_path, "steps", "h5"), "keras"), tmp_path / "web")
    right = {kind: converted(source, tmp_path / f"right.{ending}", kind) for ending, kind in KINDS.items()}
    for subject in right.values():
        assert quickly_verified(subject, source, tmp_path).verdict == "passed"
    with_line(monkeypatch, WRONG_BACK[what])
    reports = [
        quickly_verified(converted(source, tmp_path / f"wrong.{ending}", kind), source, tmp_path)
        for ending, kind in KINDS.items()
    ]
    failed = [report.failed.level for report in reports if report.failed]
    assert failed
    assert set(failed) == {"weights"}
