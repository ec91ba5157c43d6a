"""What `plan` says of the environment is what `convert` does about it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.fakes import FakeWorkers
from tests.unit.runs.recipes import recipe_of, scripted, shard_step, write_layers_model
from workflow.cli.plans import environment_lines, plan_json
from workflow.recipe.recipes import Verification
from workflow.runs import planning
from workflow.runs.runner import Manner, Runner
from workflow.runs.tasks import Selection
from workflow.runs.watching import RecordingWatcher

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Recipe

EVERY = list(itertools.product((True, False), (None, True, False), ("native", "reference"), (True, False)))


def recipe(base: Path, *, whole: bool, own: bool | None, engine: Any, with_script: bool) -> Recipe:
    step = shard_step(base).replaced(engine=engine, verification=None if own is None else Verification(enabled=own))
    return recipe_of(base, step, model=scripted(base) if with_script else None, verify=whole)


@pytest.mark.parametrize(("whole", "own", "engine", "with_script"), EVERY)
def test_an_environment_is_announced_when_and_only_when_the_run_makes_one(
    tmp_path: Path, *, whole: bool, own: bool | None, engine: str, with_script: bool
) -> None:
    write_layers_model(tmp_path / "web")
    made = recipe(tmp_path, whole=whole, own=own, engine=engine, with_script=with_script)
    decisions = planning.plan(made, Selection(only=("shard",)), environment="")
    announced = bool(environment_lines(made, decisions))
    workers = FakeWorkers()
    Runner(made, workers, RecordingWatcher(), manner=Manner()).execute(Selection(only=("shard",)))
    assert announced == (workers.prepared > 0)


def test_where_nothing_runs_nothing_is_said_of_it(tmp_path: Path) -> None:
    write_layers_model(tmp_path / "web")
    made = recipe(tmp_path, whole=True, own=None, engine="reference", with_script=False)
    decisions = [each.replaced(runs=False) for each in planning.plan(made, Selection(), environment="")]
    assert environment_lines(made, decisions) == []


def test_where_our_own_code_may_decline_a_model_it_is_said_that_this_is_not_sure(tmp_path: Path) -> None:
    write_layers_model(tmp_path / "web")
    step = shard_step(tmp_path).replaced(engine="auto", to_format="keras", output=tmp_path / "back.h5")
    made = recipe_of(tmp_path, step, verify=False)
    [line] = environment_lines(made, planning.plan(made, Selection(), environment=""))
    assert line == (
        "environment tfjs is not ready, and not sure to be needed: `convert` makes it if a model turns out to need it"
    )


def test_the_plan_for_programs_is_indented(tmp_path: Path) -> None:
    write_layers_model(tmp_path / "web")
    made = recipe(tmp_path, whole=True, own=None, engine="reference", with_script=False)
    text = plan_json(made, planning.plan(made, Selection(), environment=""))
    assert text.startswith(f'{{\n "recipe": "{tmp_path / "recipe.yml"}",\n "steps": [\n  {{\n   "step": "shard",\n')
