"""Engines: native where it can, the reference where it must, and the record says which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.running.fakes import FakeWorkshop
from tests.unit.running.recipes import recipe_of, shard_step, write_layers_model
from workflow.converters import native
from workflow.planning import Selection
from workflow.running.runner import Manner, Runner
from workflow.running.watching import RecordingWatcher

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.model import Engine
    from workflow.running.watching import Outcome


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def run(base: Path, engine: Engine, workshop: FakeWorkshop, *, verify: bool = False) -> Outcome:
    recipe = recipe_of(base, replace(shard_step(base), engine=engine), verify=verify)
    (outcome,) = Runner(recipe, workshop, RecordingWatcher(), manner=Manner()).execute(Selection())
    return outcome


def declining(_job: Any) -> dict[str, Any]:
    raise native.DeclinedError("layer gru of class GRU is more than it knows", route="graph")


def test_a_native_step_needs_no_environment(base: Path) -> None:
    workshop = FakeWorkshop()
    assert run(base, "auto", workshop).facts["engine"] == "native"
    assert workshop.prepared == 0


def test_the_reference_is_taken_when_it_is_asked_for(base: Path) -> None:
    workshop = FakeWorkshop()
    assert run(base, "reference", workshop).facts["engine"] == "reference"
    assert workshop.prepared > 0


def test_what_native_declines_goes_to_the_reference_and_the_record_says_why(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(native.EDGES, ("tfjs_layers_model", "tfjs_layers_model"), declining)
    facts = run(base, "auto", FakeWorkshop()).facts
    assert facts["engine"] == "reference"
    assert "class GRU" in facts["declined"]


def test_native_alone_fails_where_it_declines_and_names_the_route(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(native.EDGES, ("tfjs_layers_model", "tfjs_layers_model"), declining)
    error = run(base, "native", FakeWorkshop()).error
    assert error is not None
    assert error.exit_code == 30
    assert "graph" in error.hint


def test_a_native_step_that_is_verified_uses_the_worker_for_that(base: Path) -> None:
    workshop = FakeWorkshop()
    outcome = run(base, "auto", workshop, verify=True)
    assert [request.job for request in workshop.fake.requests] == ["reference", "predict"]
    assert outcome.facts["check"]["max_abs"] == 0.0
