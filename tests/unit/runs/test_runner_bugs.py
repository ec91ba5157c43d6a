"""A mistake of ours in one step: it is told as such, and the steps that do not depend on it go on."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.fakes import FakeWorkers, write_model
from tests.unit.runs.recipes import recipe_of, shard_step, write_layers_model
from tests.unit.verification.models import NumpyPlaces, layers_model
from workflow.recipe.recipes import Verification
from workflow.runs.runner import Manner, Runner
from workflow.runs.tasks import Selection
from workflow.runs.watching import RecordingWatcher
from workflow.verification import asking, judging
from workflow.verification.levels import Case, verify

if TYPE_CHECKING:
    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Outcome


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def run(recipe: Recipe, workers: FakeWorkers, **manner: Any) -> list[Outcome]:
    return Runner(recipe, workers, RecordingWatcher(), manner=Manner(**manner)).execute(Selection())


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def mistaken(_: dict[str, Any]) -> dict[str, Any]:
    """Fail as only a mistake of ours does."""
    raise KeyError("tensor")


def test_a_bug_in_a_step_ends_that_step_alone(base: Path) -> None:
    steps = shard_step(base, "one"), shard_step(base, "two", after=("one",)), shard_step(base, "three")
    workers = FakeWorkers(convert=[mistaken, write_model])
    outcomes = run(recipe_of(base, *steps), workers, keep_going=True)
    assert statuses(outcomes) == ["failed", "not run", "done"]
    error = outcomes[0].error
    assert error is not None
    assert error.exit_code == 1
    assert "bug in tfjs-workflow: KeyError" in error.message
    assert not steps[0].output.exists()
    (record,) = (base / ".tfjs-workflow" / "recipe" / "runs").glob("*.json")
    assert "KeyError" in json.loads(record.read_text())["steps"][0]["error"]["message"]


def test_a_bug_without_keep_going_leaves_the_steps_behind_it_not_run(base: Path) -> None:
    workers = FakeWorkers(convert=[mistaken, write_model])
    outcomes = run(recipe_of(base, shard_step(base, "one"), shard_step(base, "two")), workers)
    assert statuses(outcomes) == ["failed", "not run"]


def test_the_report_of_the_bug_has_its_traceback(base: Path) -> None:
    (outcome,) = run(recipe_of(base, shard_step(base)), FakeWorkers(convert=[mistaken]))
    assert outcome.error is not None
    assert "KeyError: 'tensor'" in Path(outcome.error.log).read_text()


@pytest.mark.parametrize("broken", ["runtime", "answer"])
def test_a_bug_in_one_place_of_a_verification_leaves_the_others_be(
    base: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = layers_model(base / "source")
    places = NumpyPlaces()

    def mistaken_place(*_: Any, **__: Any) -> Any:
        raise KeyError("place")

    target, name = (asking, "in_javascript") if broken == "runtime" else (judging.Judge, "judge")
    sound = getattr(target, name)
    calls = itertools.chain([sound] if broken == "answer" else [], [mistaken_place], itertools.repeat(sound))

    def one_after_the_other(*args: Any, **more: Any) -> Any:
        return next(calls)(*args, **more)

    monkeypatch.setattr(target, name, one_after_the_other)
    case = Case(source, source, Verification(runtimes=("python", "node")), base / "work")
    report = verify(case, places)
    statuses = {run.runtime: run.status for run in report.runs}
    assert statuses == {"python": "passed", "node": "failed"}
    assert report.failed is not None
    assert "bug in tfjs-workflow: KeyError" in report.failed.findings[0].text
