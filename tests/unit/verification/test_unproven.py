"""Outputs that hardly change: proven by their weights, or by nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verification.models import graph_model, layers_model
from workflow.verification.evidence import LevelReport
from workflow.verification.unproven import unproven

if TYPE_CHECKING:
    from pathlib import Path


def level(status: Any, **facts: Any) -> LevelReport:
    return LevelReport("weights", status, facts=facts)


def test_what_hardly_changes_is_proven_by_its_weights_alone(tmp_path: Path) -> None:
    model = layers_model(tmp_path / "layers")
    assert unproven(["third"], model, weights=level("passed"), names={}) == []
    assert unproven(["third"], model, weights=level("not applicable"), names={}) == ["third"]
    assert unproven([], model, weights=level("not applicable"), names={}) == []


def test_of_a_graph_only_what_is_computed_from_unknown_weights_is_unproven(tmp_path: Path) -> None:
    model = graph_model(tmp_path / "graph")
    unknown = level("not applicable", others=["second/kernel"])
    assert unproven(["third"], model, weights=unknown, names={"third": "third"}) == ["third"]
    elsewhere = level("not applicable", others=["another/kernel"])
    assert unproven(["third"], model, weights=elsewhere, names={"third": "third"}) == []
    assert unproven(["third"], model, weights=level("not applicable"), names={}) == ["third"]
