"""What a run says, asks and notes around its steps, word for word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.fakes import FakeWorkers, write_model
from tests.unit.runs.recipes import recipe_of, shard_step, write_layers_model
from workflow.base.errors import InterruptedRunError, ReferenceConverterError, StorageError, WorkflowError
from workflow.runs import publishing
from workflow.runs.journal import journal_folder
from workflow.runs.runner import Manner, Runner
from workflow.runs.sidecars import read_sidecar, sidecar_path
from workflow.runs.tasks import Outcome, Selection
from workflow.runs.watching import RecordingWatcher

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Task

BROKEN = ReferenceConverterError("the converter said no")


class Watcher(RecordingWatcher):
    """Keeps in one list what it hears of the run and of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def planned(self, tasks: list[Task]) -> None:
        super().planned(tasks)
        self.heard.append(f"planned {' '.join(task.name for task in tasks)}")

    def began(self, task: Task) -> None:
        self.heard.append(f"began {task.name}: {', '.join(task.reasons)}")

    def ended(self, outcome: Outcome) -> None:
        super().ended(outcome)
        self.heard.append(f"ended {outcome.task.name}: {outcome.status}: {', '.join(outcome.task.reasons)}")

    def stopped(self) -> None:
        self.heard.append("stopped")

    def finished(self, outcomes: list[Outcome], record: dict[str, Any]) -> None:
        super().finished(outcomes, record)
        self.heard.append(f"finished {len(outcomes)}")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def run(
    recipe: Recipe, workers: FakeWorkers | None = None, *, manner: Manner | None = None, **selection: Any
) -> tuple[list[Outcome], Watcher]:
    watcher = Watcher()
    runner = Runner(recipe, workers or FakeWorkers(), watcher, manner=manner or Manner())
    return runner.execute(Selection(**selection)), watcher


def error_of(recipe: Recipe, workers: FakeWorkers | None = None, **selection: Any) -> WorkflowError:
    (error,) = [outcome.error for outcome in run(recipe, workers, **selection)[0] if outcome.error is not None]
    return error


def test_who_watches_hears_of_everything_in_its_order(base: Path) -> None:
    steps = [shard_step(base, "one"), shard_step(base, "two", after=("one",)), shard_step(base, "three")]
    recipe = recipe_of(base, *steps, verify=False)
    workers = FakeWorkers(convert=[write_model, BROKEN])
    _, watcher = run(recipe, workers)
    assert watcher.heard == [
        "planned one two three",
        "began one: not made yet",
        "ended one: done: not made yet",
        "began two: not made yet",
        "ended two: failed: its input is made by step one",
        "ended three: not run: an earlier step failed",
        "stopped",
        "finished 3",
    ]
    assert (workers.prepared > 0, workers.closed) == (True, 1)
    _, watcher = run(recipe, FakeWorkers(), only=("one", "two"))
    same = "inputs, options and environment are as before, output is intact"
    assert watcher.heard == [
        "planned one two",
        f"ended one: up to date: {same}",
        "began two: the last run failed",
        "ended two: done: the last run failed",
        "stopped",
        "finished 2",
    ]


def test_what_a_step_made_is_measured_and_noted(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base), verify=False)
    ((outcome,), watcher) = run(recipe)
    size = sum(file.stat().st_size for file in (base / "web").iterdir())
    made = sum(file.stat().st_size for file in (base / "shard").iterdir())
    assert (outcome.bytes_before, outcome.bytes_after) == (size, made)
    assert 0 < outcome.facts["seconds"] == round(outcome.facts["seconds"], 3) <= outcome.seconds + 0.001
    assert (outcome.facts["recipe"], outcome.facts["environment"]) == ("recipe.yml", {"name": "fake"})
    assert outcome.facts["check"]["not_run"] == "verify is off in the recipe"
    assert watcher.record["environment"] == {"name": "fake"}
    ((again,), _) = run(recipe)
    assert (again.bytes_before, again.bytes_after, again.seconds) == (0, made, 0.0)
    assert again.facts == outcome.facts
    sidecar = read_sidecar(sidecar_path(base / "shard"))
    assert sidecar is not None
    assert (sidecar.step, sidecar.facts["recipe"]) == ("shard", "recipe.yml")


@pytest.mark.parametrize(
    ("own", "of_run", "limit"), [(None, None, None), (None, 9.0, 9.0), (3.0, 9.0, 3.0), (3.0, None, 3.0)]
)
def test_a_step_has_its_own_limit_or_that_of_the_run(
    own: float | None, of_run: float | None, limit: float | None, base: Path
) -> None:
    recipe = recipe_of(base, shard_step(base).replaced(timeout=own), verify=False)
    workers = FakeWorkers()
    run(recipe, workers, manner=Manner(timeout=of_run))
    (request,) = workers.fake.requests
    assert request.timeout == limit
    assert request.log == journal_folder(recipe) / "logs" / "shard.log"


@pytest.mark.parametrize(
    ("selection", "again"),
    [
        ({}, "run the same command again"),
        ({"only": ("shard",)}, "run the same command again"),
        ({"forced": ("shard",)}, "run it again without --force"),
        ({"force_all": True}, "run it again without --force"),
    ],
)
def test_an_interrupted_run_says_how_it_goes_on(selection: dict[str, Any], again: str, base: Path) -> None:
    def interrupted(_: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    workers = FakeWorkers(convert=interrupted)
    with pytest.raises(InterruptedRunError) as caught:
        run(recipe_of(base, shard_step(base), verify=False), workers, **selection)
    assert caught.value.message == "interrupted; every finished step is kept"
    assert caught.value.hint == f"{again}: it goes on where it stopped"
    assert workers.closed == 1


def test_where_the_journal_is_not_beside_the_recipe_that_is_said_first(base: Path) -> None:
    (base / ".tfjs-workflow").write_text("")
    recipe = recipe_of(base, shard_step(base), verify=False)
    _, watcher = run(recipe)
    assert watcher.lines[0] == (
        f"{base} cannot be written to: logs and records of this run go to {journal_folder(recipe)}"
    )


def test_what_stood_at_the_output_and_was_edited_is_kept_and_that_is_said(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base), verify=False)
    run(recipe)
    (base / "shard" / "model.json").write_text("{}")
    _, watcher = run(recipe)
    (kept,) = base.glob("shard.kept-*")
    assert watcher.warnings == [f"what stood at {base / 'shard'} was not as we wrote it: kept as {kept.name}"]


@pytest.mark.parametrize("full", [True, False])
def test_a_full_disk_is_told_with_the_room_that_the_step_takes(base: Path, *, full: bool) -> None:
    problem = StorageError("the disk is full", hint="free some space")
    problem.full = full
    size = sum(file.stat().st_size for file in (base / "web").iterdir())
    error = error_of(recipe_of(base, shard_step(base), verify=False), FakeWorkers(convert=problem))
    room = f"; the input has {size} B, and the result takes about as much beside the one before" if full else ""
    assert error.hint == f"free some space{room}"


def test_a_step_without_the_one_before_it_says_how_to_run_both(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two", after=("one",)), verify=False)
    error = error_of(recipe, only=("two",))
    assert error.message == f"step two: its input {base / 'one'} is not there; step one makes it"
    assert error.hint == "run that step too, for example with --until two"


def test_an_input_that_changes_meanwhile_is_told_by_its_name(base: Path) -> None:
    def adding(args: dict[str, Any]) -> dict[str, Any]:
        weights = base / "web" / "group1-shard1of1.bin"
        weights.write_bytes(b"\1" * 8 + b"longer")
        return write_model(args)

    error = error_of(recipe_of(base, shard_step(base), verify=False), FakeWorkers(convert=adding))
    changed = base / "web" / "group1-shard1of1.bin"
    assert error.message == f"step shard: its input {changed} changed while it was being read"
    assert error.hint == "run the same command again when the file is complete"


@pytest.mark.parametrize(
    ("given", "output", "refused"),
    [
        ("web", "web/out", True),
        ("web", "web", True),
        ("web/model.json", "web", True),
        ("deep/web", "deep", True),
        ("web", "web2", False),
        ("web", "other/web", False),
        ("web/model.json", "other", False),
    ],
)
def test_outputs_inside_inputs_and_around_them_are_refused(
    given: str, output: str, *, refused: bool, base: Path
) -> None:
    write_layers_model(base / "deep" / "web")
    step = shard_step(base).replaced(input=str(base / given), output=base / output)
    (outcome,), _ = run(recipe_of(base, step, verify=False))
    if not refused:
        assert outcome.status == "done"
        return
    assert outcome.error is not None
    target, source = base / output, base / given
    assert outcome.error.message == (f"step shard: the output {target} and the input {source} lie inside each other")
    assert outcome.error.hint == "choose an output beside the input"


def test_after_failures_what_depends_on_them_names_the_step(base: Path) -> None:
    steps = [
        shard_step(base, "one"),
        shard_step(base, "two", after=("one",)),
        shard_step(base, "three", after=("two",)),
        shard_step(base, "four"),
    ]
    outcomes, _ = run(
        recipe_of(base, *steps, verify=False),
        FakeWorkers(convert=[BROKEN, write_model]),
        manner=Manner(keep_going=True),
    )
    assert [(outcome.status, outcome.task.reasons) for outcome in outcomes] == [
        ("failed", ("not made yet",)),
        ("not run", ("its input comes from step one, which failed",)),
        ("not run", ("its input comes from step two, which was not run",)),
        ("done", ("not made yet",)),
    ]


def test_a_run_that_is_interrupted_between_two_steps_was_at_work_on_none(base: Path) -> None:
    class Stopping(Watcher):
        def ended(self, outcome: Outcome) -> None:
            super().ended(outcome)
            raise KeyboardInterrupt

    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two"), verify=False)
    with pytest.raises(InterruptedRunError):
        Runner(recipe, FakeWorkers(), Stopping(), manner=Manner()).execute(Selection())
    (record,) = (journal_folder(recipe) / "runs").glob("*.json")
    told = json.loads(record.read_text())
    assert told["interrupted"] is None
    assert [step["status"] for step in told["steps"]] == ["done"]


@pytest.mark.parametrize(("engine", "prepared"), [("reference", 1), ("native", 0)])
def test_an_environment_that_is_sure_to_be_needed_warms_up_before_the_first_step(
    engine: Any, prepared: int, base: Path
) -> None:
    workers = FakeWorkers()
    found: list[int] = []

    class Looking(Watcher):
        def began(self, task: Task) -> None:
            found.append(workers.prepared)

    recipe = recipe_of(base, shard_step(base).replaced(engine=engine), verify=False)
    Runner(recipe, workers, Looking(), manner=Manner()).execute(Selection())
    assert found == [prepared]


def test_what_a_killed_run_left_is_put_right_before_anything_is_planned(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base), verify=False)
    run(recipe)
    publishing.begin(base / "shard")
    (base / "shard").rename(publishing.previous_path(base / "shard"))
    ((outcome,), _) = run(recipe)
    assert outcome.status == "up to date"
    assert not publishing.leftovers(base / "shard")
