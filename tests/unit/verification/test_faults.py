"""Fault injection: every damage is caught at its level, and the right thing is named; good models raise no alarm."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.unit.verification.damages import DAMAGES, Damage
from tests.unit.verification.models import NumpyPlaces, graph_model, layers_model, quantized
from workflow.recipe.recipes import Verification
from workflow.verification.evidence import LEVELS
from workflow.verification.levels import Case, verify
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.evidence import Evidence

BASES = ("layers", "graph", "uint8", "uint16", "float16", "graph_uint8")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    folder = tmp_path_factory.mktemp("good")
    made = {"layers": layers_model(folder / "layers"), "graph": graph_model(folder / "graph")}
    for dtype in ("uint8", "uint16", "float16"):
        made[dtype] = quantized(made["layers"], folder / dtype, dtype)
    made["graph_uint8"] = quantized(made["graph"], folder / "graph_uint8", "uint8")
    return made


def verified(result: Subject, source: Subject, folder: Path, *, may_quantize: bool = True) -> Evidence:
    settings = Verification(runtimes=("python", "node"))
    return verify(Case(result, source, settings, folder / "work", may_quantize=may_quantize), NumpyPlaces())


def source_of(base: str, good: dict[str, Subject]) -> Subject:
    return good["graph" if base.startswith("graph") else "layers"]


@pytest.mark.parametrize("base", BASES)
def test_a_good_model_raises_no_alarm(base: str, good: dict[str, Subject], tmp_path: Path) -> None:
    report = verified(good[base], source_of(base, good), tmp_path)
    assert report.verdict == "passed"
    assert [level.level for level in report.levels] == list(LEVELS)


def test_a_graph_of_a_layers_model_raises_no_alarm(good: dict[str, Subject], tmp_path: Path) -> None:
    report = verified(good["graph"], good["layers"], tmp_path)
    assert [level.status for level in report.levels] == ["passed"] * 4
    assert report.levels[1].facts == {
        "tensors": 6,
        "bit_equal": 6,
        "folded": 0,
        "others": [],
        "quantized": 0,
        "worst": None,
        "noise": 0.0,
    }


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_is_caught_at_its_level_and_named(damage: Damage, good: dict[str, Subject], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(good[damage.base].path, copy)
    damage.hurt(copy)
    report = verified(Subject(copy, good[damage.base].format), source_of(damage.base, good), tmp_path)
    assert report.failed is not None, "not caught"
    assert report.failed.level == damage.level, [finding.text for finding in report.failed.findings]
    subjects = {finding.subject for finding in report.failed.findings}
    texts = " ".join(finding.text for finding in report.failed.findings)
    assert damage.subject in subjects or not damage.subject, (subjects, texts)
    assert damage.subject in texts


def test_there_are_enough_damages_of_every_level() -> None:
    counts = Counter(damage.level for damage in DAMAGES)
    assert len({damage.name for damage in DAMAGES}) == len(DAMAGES) >= 60
    assert min(counts.values()) >= 8
    assert set(counts) == set(LEVELS)


def test_a_weight_that_nobody_asked_to_quantize_is_a_fault(good: dict[str, Subject], tmp_path: Path) -> None:
    report = verified(good["uint16"], good["layers"], tmp_path, may_quantize=False)
    assert report.failed is not None
    assert "was not asked for" in report.failed.findings[0].text
