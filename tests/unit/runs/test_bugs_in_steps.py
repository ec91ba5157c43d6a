"""A bug of ours in a step: it ends that step alone, and is told as a bug."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.unit.runs.fakes import FakeWorkshop, write_model
from tests.unit.runs.recipes import recipe_of, shard_step, write_layers_model
from workflow.runs.planning import Selection
from workflow.runs.runner import Manner, Runner
from workflow.runs.watching import RecordingWatcher

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Recipe
    from workflow.runs.watching import Outcome


def run(recipe: Recipe, workshop: FakeWorkshop, *, keep_going: bool = False) -> list[Outcome]:
    return Runner(recipe, workshop, RecordingWatcher(), manner=Manner(keep_going=keep_going)).execute(Selection())


def broken_bug(_: dict[str, Any]) -> dict[str, Any]:
    """Fail as only a mistake of ours does."""
    raise KeyError("tensor")


def test_a_bug_in_a_step_ends_that_step_alone(tmp_path: Path) -> None:
    write_layers_model(tmp_path / "web")
    steps = shard_step(tmp_path, "one"), shard_step(tmp_path, "two", after=("one",)), shard_step(tmp_path, "three")
    workshop = FakeWorkshop(convert=[broken_bug, write_model])
    outcomes = run(recipe_of(tmp_path, *steps), workshop, keep_going=True)
    assert [outcome.status for outcome in outcomes] == ["failed", "not run", "done"]
    error = outcomes[0].error
    assert error is not None
    assert error.exit_code == 1
    assert "bug in tfjs-workflow: KeyError" in error.message
    assert not steps[0].output.exists()
    (record,) = (tmp_path / ".tfjs-workflow" / "recipe" / "runs").glob("*.json")
    assert "KeyError" in json.loads(record.read_text())["steps"][0]["error"]["message"]


def test_a_bug_without_keep_going_leaves_the_steps_behind_it_not_run(tmp_path: Path) -> None:
    write_layers_model(tmp_path / "web")
    workshop = FakeWorkshop(convert=[broken_bug, write_model])
    outcomes = run(recipe_of(tmp_path, shard_step(tmp_path, "one"), shard_step(tmp_path, "two")), workshop)
    assert [outcome.status for outcome in outcomes] == ["failed", "not run"]
