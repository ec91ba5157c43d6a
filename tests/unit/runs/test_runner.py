"""The runner: what is published, what is kept, and what is said, whatever happens in a step."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.fakes import FakeWorkers, predicted, reference, write_model
from tests.unit.runs.recipes import recipe_of, scripted, shard_step, write_layers_model
from workflow.base.errors import (
    InterruptedRunError,
    ModelFileError,
    OutputRefusedError,
    OutputsError,
    ReferenceConverterError,
    RuntimeRequiredError,
    WeightsError,
)
from workflow.bridge.fake_worker import FakeWorker
from workflow.bridge.usage import JobUsage
from workflow.recipe.recipes import Verification
from workflow.runs import planning
from workflow.runs.journal import journal_folder
from workflow.runs.runner import Manner, Runner
from workflow.runs.sidecars import intact, read_sidecar, sidecar_path
from workflow.runs.tasks import Selection
from workflow.runs.watching import RecordingWatcher

if TYPE_CHECKING:
    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Outcome

BROKEN = ReferenceConverterError("the converter said no")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def run(
    recipe: Recipe, workers: FakeWorkers | None = None, *, keep_going: bool = False, **selection: Any
) -> list[Outcome]:
    runner = Runner(recipe, workers or FakeWorkers(), RecordingWatcher(), manner=Manner(keep_going=keep_going))
    return runner.execute(Selection(**selection))


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def failure(outcomes: list[Outcome]) -> Exception:
    (error,) = [outcome.error for outcome in outcomes if outcome.error]
    return error


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".tfjs-workflow"}


def test_a_step_publishes_its_result_with_a_sidecar(base: Path) -> None:
    run(recipe_of(base, shard_step(base)))
    sidecar = read_sidecar(sidecar_path(base / "shard"))
    assert sidecar is not None
    assert intact(base / "shard", sidecar) == []
    assert sidecar.facts["check"]["max_abs"] == 0.0


def test_a_second_run_starts_no_worker(base: Path) -> None:
    run(recipe_of(base, shard_step(base)))
    workers = FakeWorkers()
    assert statuses(run(recipe_of(base, shard_step(base)), workers)) == ["up to date"]
    assert workers.prepared == 0


def test_the_converter_writes_to_staging_not_to_the_output(base: Path) -> None:
    workers = FakeWorkers()
    run(recipe_of(base, shard_step(base)), workers)
    target = Path(workers.fake.requests[0].args["argv"][-1])
    assert target.parent.name == ".shard.tfjs-workflow-staging"


def test_a_failed_step_publishes_nothing_and_leaves_nothing(base: Path) -> None:
    outcomes = run(recipe_of(base, shard_step(base)), FakeWorkers(convert=BROKEN))
    assert failure(outcomes) is BROKEN
    assert visible(base) == {"web"}


def test_a_failed_step_keeps_the_former_result(base: Path) -> None:
    run(recipe_of(base, shard_step(base)))
    changed = recipe_of(base, shard_step(base, weight_shard_size_bytes=8))
    assert statuses(run(changed, FakeWorkers(convert=BROKEN))) == ["failed"]
    assert (base / "shard" / "model.json").is_file()


def test_an_end_without_a_result_is_a_failure(base: Path) -> None:
    outcomes = run(recipe_of(base, shard_step(base)), FakeWorkers(convert=lambda _: {}))
    assert "without a result" in str(failure(outcomes))


def test_after_a_failure_the_rest_is_not_run(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two"))
    workers = FakeWorkers(convert=[BROKEN, write_model])
    assert statuses(run(recipe, workers)) == ["failed", "not run"]


def test_keep_going_runs_what_does_not_depend_on_the_failure(base: Path) -> None:
    steps = shard_step(base, "one"), shard_step(base, "two", after=("one",)), shard_step(base, "three")
    workers = FakeWorkers(convert=[BROKEN, write_model])
    outcomes = run(recipe_of(base, *steps), workers, keep_going=True)
    assert statuses(outcomes) == ["failed", "not run", "done"]
    assert outcomes[1].task.reasons == ("its input comes from step one, which failed",)


def test_a_step_after_one_that_was_not_run_says_so(base: Path) -> None:
    steps = shard_step(base, "one"), shard_step(base, "two"), shard_step(base, "three", after=("two",))
    outcomes = run(recipe_of(base, *steps), FakeWorkers(convert=[BROKEN, write_model, write_model]))
    assert outcomes[2].task.reasons == ("its input comes from step two, which was not run",)


def test_an_input_that_is_replaced_while_it_is_read_is_a_failure(base: Path) -> None:
    step = shard_step(base)
    source = Path(step.input) / "model.json"

    def replacing(args: dict[str, Any]) -> dict[str, Any]:
        copy = source.with_name("copy")
        copy.write_bytes(source.read_bytes() + b" ")
        copy.replace(source)
        return write_model(args)

    outcomes = run(recipe_of(base, step), FakeWorkers(convert=replacing))
    assert "model.json changed while it was being read" in str(failure(outcomes))
    assert not step.output.exists()
    assert statuses(run(recipe_of(base, step))) == ["done"]


def test_a_step_whose_input_came_out_the_same_is_skipped(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two", after=("one",)))
    run(recipe)
    assert statuses(run(recipe, forced=("one",))) == ["done", "up to date"]


def test_a_foreign_output_is_refused(base: Path) -> None:
    (base / "shard").mkdir()
    (base / "shard" / "notes.txt").write_text("mine")
    assert isinstance(failure(run(recipe_of(base, shard_step(base)))), OutputRefusedError)
    assert (base / "shard" / "notes.txt").read_text() == "mine"


def test_a_bad_input_is_refused_before_the_converter_runs(base: Path) -> None:
    (base / "web" / "group1-shard1of1.bin").unlink()
    workers = FakeWorkers()
    assert isinstance(failure(run(recipe_of(base, shard_step(base)), workers)), ModelFileError)
    assert workers.fake.requests == []


def test_an_output_that_is_linked_into_its_input_is_refused(base: Path) -> None:
    (base / "alias").symlink_to(base / "web")
    step = shard_step(base).replaced(output=base / "alias" / "sharded")
    assert isinstance(failure(run(recipe_of(base, step))), OutputRefusedError)


def lost(array: Any) -> Any:
    array[2, 3] = float("nan")
    return array


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda array: array + 0.5, "differs by up to 0.5, allowed is"),
        (lost, "holds nan at [2, 3] where its source has a number"),
        (lambda array: array[:, :9], "has the shape [4, 9]"),
    ],
)
def test_wrong_numbers_are_rejected_and_not_published(base: Path, change: Any, words: str) -> None:
    outcomes = run(recipe_of(base, shard_step(base)), FakeWorkers(predict=predicted(change)))
    error = failure(outcomes)
    assert isinstance(error, OutputsError)
    assert words in str(error)
    assert "shard.rejected; `tfjs-workflow verify" in error.hint
    assert visible(base) == {"web", "shard.rejected", ".shard.tfjs-workflow-rejected"}


def test_what_was_found_before_a_failure_is_recorded_and_the_hint_can_be_run(base: Path) -> None:
    watcher = RecordingWatcher()
    workers = FakeWorkers(predict=predicted(lambda array: array + 0.5))
    (outcome,) = Runner(recipe_of(base, shard_step(base)), workers, watcher, manner=Manner()).execute(Selection())
    (step,) = watcher.record["steps"]
    assert step["formats"] == {"from": "tfjs_layers_model", "to": "tfjs_layers_model"}
    check = step["facts"]["check"]
    assert [level["status"] for level in check["levels"]] == ["passed", "passed", "not applicable", "failed"]
    assert check["max_abs"] == pytest.approx(0.5)
    assert step["facts"]["engine"] == "reference"
    assert outcome.error is not None
    assert f"verify {base / 'shard.rejected'} --against {base / 'web'} --locate" in outcome.error.hint


def test_other_weights_are_rejected_before_anything_is_run(base: Path) -> None:
    def convert(args: dict[str, Any]) -> dict[str, Any]:
        write_layers_model(Path(args["argv"][-1]), weights=b"\0\0\0\0\0\0\0\1")
        return {}

    workers = FakeWorkers(convert=convert)
    error = failure(run(recipe_of(base, shard_step(base)), workers))
    assert isinstance(error, WeightsError)
    assert "dense/kernel" in str(error)
    assert [request.job for request in workers.fake.requests] == ["convert"]


def test_a_dead_reference_is_no_proof_and_said_loudly(base: Path) -> None:
    watcher = RecordingWatcher()
    workers = FakeWorkers(source=lambda args: reference(args, alike=True), predict=predicted(alike=True))
    (outcome,) = Runner(recipe_of(base, shard_step(base)), workers, watcher, manner=Manner()).execute(Selection())
    assert outcome.facts["check"]["verdict"] == "no proof"
    assert any("NOT VERIFIED" in line and "proves nothing" in line for line in watcher.warnings)


def test_what_cannot_be_run_is_said_and_recorded(base: Path) -> None:
    workers = FakeWorkers(source={"not_run": "string inputs"})
    (outcome,) = run(recipe_of(base, shard_step(base)), workers)
    assert outcome.status == "done"
    assert "string inputs" in outcome.facts["check"]["not_run"]
    assert outcome.facts["check"]["verdict"] == "not run"


def test_a_required_runtime_that_is_not_there_is_a_failure(base: Path) -> None:
    step = shard_step(base).replaced(verification=Verification(require=("node",)))
    error = failure(run(recipe_of(base, step)))
    assert isinstance(error, RuntimeRequiredError)
    assert "node wasm is required and was not run" in str(error)
    assert visible(base) == {"web", "shard.rejected", ".shard.tfjs-workflow-rejected"}


def test_a_runtime_that_is_not_there_is_never_a_pass(base: Path) -> None:
    (outcome,) = run(recipe_of(base, shard_step(base)))
    runs = {(run["runtime"], run["status"]) for run in outcome.facts["check"]["runs"]}
    assert runs == {("python", "passed"), ("node", "not run"), ("browser", "not run")}


def test_an_up_to_date_step_that_was_not_run_somewhere_says_so_again(base: Path) -> None:
    run(recipe_of(base, shard_step(base)))
    watcher = RecordingWatcher()
    runner = Runner(recipe_of(base, shard_step(base)), FakeWorkers(), watcher, manner=Manner())
    assert statuses(runner.execute(Selection())) == ["up to date"]
    assert any(line.startswith("NOT RUN in browser") for line in watcher.warnings)


def test_interrupting_keeps_finished_steps_and_leaves_no_half_one(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two"))

    def interrupted(args: dict[str, Any]) -> dict[str, Any]:
        write_model(args)
        raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError):
        run(recipe, FakeWorkers(convert=[write_model, interrupted]))
    assert visible(base) == {"web", "one", "one.tfjs-workflow.json"}
    (task,) = planning.plan(recipe, Selection(only=("two",)), environment="")
    assert task.reasons == ("the last run was interrupted",)


def test_every_run_leaves_a_record(base: Path) -> None:
    run(recipe_of(base, shard_step(base)), FakeWorkers(convert=BROKEN))
    (path,) = (base / ".tfjs-workflow" / "recipe" / "runs").glob("*.json")
    record = json.loads(path.read_text())
    assert " ".join(record) == "recipe name started seconds tool environment steps interrupted"
    (step,) = record["steps"]
    assert " ".join(step) == "step output kind formats status reasons seconds bytes facts worker_jobs error"
    assert (step["step"], step["output"], step["kind"]) == ("shard", str(base / "shard"), "shard")
    assert step["formats"] == {"from": "tfjs_layers_model", "to": "tfjs_layers_model"}
    assert (step["status"], step["reasons"]) == ("failed", ["not made yet"])
    assert step["bytes"] == {"before": 0, "after": 0}
    assert step["error"]["message"] == "the converter said no"


def test_where_the_recipes_folder_cannot_be_written_to_logs_and_records_go_elsewhere(
    base: Path, tool_home: Path
) -> None:
    (base / ".tfjs-workflow").write_text("")  # no folder can be made there
    watcher, recipe = RecordingWatcher(), recipe_of(base, shard_step(base))
    assert statuses(Runner(recipe, FakeWorkers(convert=BROKEN), watcher, manner=Manner()).execute(Selection())) == [
        "failed"
    ]
    (path,) = (tool_home / "journals").glob("recipe-*/runs/*.json")
    assert f"cannot be written to: logs and records of this run go to {path.parents[1]}" in watcher.lines[0]
    assert planning.plan(recipe, Selection(), environment="")[0].reasons == ("the last run failed",)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="permissions do not stop root")
def test_a_folder_without_the_right_to_write_counts_as_one_that_cannot_be_written(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    assert journal_folder(recipe).is_relative_to(base)
    base.chmod(0o500)
    try:
        assert not journal_folder(recipe).is_relative_to(base)
    finally:
        base.chmod(0o700)


def test_a_script_makes_the_first_model_and_its_words_are_kept(tmp_path: Path) -> None:
    def train(args: dict[str, Any]) -> dict[str, Any]:
        write_layers_model(Path(args["arguments"][-1]))
        return {}

    outcomes = run(recipe_of(tmp_path, model=scripted(tmp_path)), FakeWorkers(script=train))
    assert statuses(outcomes) == ["done"]
    assert outcomes[0].facts["printed"] == ["script"]


def test_of_two_runs_at_once_the_second_waits_and_finds_everything_done(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))

    def slow(args: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.4)
        return write_model(args)

    first = threading.Thread(target=run, args=(recipe, FakeWorkers(convert=slow)))
    first.start()
    time.sleep(0.15)
    watcher = RecordingWatcher()
    outcomes = Runner(recipe, FakeWorkers(), watcher, manner=Manner()).execute(Selection())
    first.join()
    assert statuses(outcomes) == ["up to date"]
    assert any("waiting for another run" in line for line in watcher.lines)


def test_facts_of_any_name_survive_in_the_sidecar(base: Path) -> None:
    def telling(args: dict[str, Any]) -> dict[str, Any]:
        return write_model(args) | {"files": ["model.json"], "step": "?", "key": "?", "seconds": {"load": 123.0}}

    run(recipe_of(base, shard_step(base)), FakeWorkers(convert=telling))
    sidecar = read_sidecar(sidecar_path(base / "shard"))
    assert sidecar is not None
    assert sidecar.facts["files"] == ["model.json"]
    assert sidecar.facts["job_seconds"] == {"load": 123.0}
    assert sidecar.facts["seconds"] < 123


def test_a_step_that_is_run_without_the_one_before_it_names_that_one(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two", after=("one",)))
    error = failure(run(recipe, only=("two",)))
    assert "step one makes it" in str(error)


def test_the_screen_is_told_that_the_run_stopped_whatever_happens(base: Path) -> None:
    class Watching(RecordingWatcher):
        stops = 0

        def stopped(self) -> None:
            self.stops += 1

    def interrupted(_args: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    watcher = Watching()
    workers = FakeWorkers(convert=interrupted)
    with pytest.raises(InterruptedRunError):
        Runner(recipe_of(base, shard_step(base)), workers, watcher, manner=Manner()).execute(Selection())
    assert watcher.stops == 1


def test_what_is_known_of_the_input_is_told_when_the_converter_fails_on_it(base: Path) -> None:
    model = base / "web" / "model.json"
    layer = '[{"class_name": "MyLayer", "config": {"name": "mine"}}]'
    model.write_text(model.read_text().replace('"layers": []', f'"layers": {layer}'))
    refused = ReferenceConverterError("the reference converter failed", details="Traceback")
    error = failure(run(recipe_of(base, shard_step(base)), FakeWorkers(convert=refused)))
    assert isinstance(error, ReferenceConverterError)
    assert "MyLayer" in error.details
    assert "Traceback" in error.details


@pytest.mark.parametrize("failure_of_it", [None, BROKEN])
def test_the_record_holds_what_each_steps_jobs_took(base: Path, failure_of_it: Exception | None) -> None:
    workers = FakeWorkers()

    def working(args: dict[str, Any]) -> dict[str, Any]:
        workers.used.jobs.append(JobUsage("convert", 1.5, {"peak": 700, "now": 600}))
        if failure_of_it is not None:
            raise failure_of_it
        return write_model(args)

    workers.used.jobs.append(JobUsage("script", 9.0, {}))
    workers.fake = FakeWorker({"convert": working, "source": reference, "predict": predicted()})
    watcher = RecordingWatcher()
    Runner(recipe_of(base, shard_step(base)), workers, watcher, manner=Manner()).execute(Selection())
    (step,) = watcher.record["steps"]
    assert step["worker_jobs"] == [{"job": "convert", "seconds": 1.5, "memory": {"peak": 700, "now": 600}}]
