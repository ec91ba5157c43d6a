"""The record of a run and the sidecar of a result, key by key, and what the next run reads in the last one's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.recipes import recipe_of, shard_step, write_layers_model
from workflow import __version__
from workflow.base.digests import FileDigest
from workflow.base.errors import OutputsError
from workflow.bridge.usage import JobUsage
from workflow.runs import planning
from workflow.runs.journal import Journal, journal_folder, last_status
from workflow.runs.sidecars import Ingredients, Sidecar, sidecar_path, write_sidecar
from workflow.runs.tasks import Outcome, Selection, tasks_of

if TYPE_CHECKING:
    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Task

NOON = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    write_layers_model(tmp_path / "web")
    return recipe_of(tmp_path, shard_step(tmp_path), shard_step(tmp_path, "again", after=("shard",)))


def task_of(recipe: Recipe, name: str = "shard") -> Task:
    return next(task for task in tasks_of(recipe) if task.name == name)


def test_the_record_of_a_run_has_these_keys(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOON)
    journal = Journal(recipe)
    job = JobUsage("convert", 1.23456, {"before": 1, "peak": 3, "now": 2})
    done = Outcome(
        task_of(recipe).replaced(runs=True, reasons=("not made yet", "forced")),
        "done",
        seconds=1.23456,
        bytes_before=8,
        bytes_after=16,
        facts={"engine": "reference", "command": "x --token https://me:secret@host/?token=abc"},
        jobs=(job,),
    )
    error = OutputsError("shard: outputs: y differs", hint="look", details="a\nb", log="/log")
    failed = Outcome(task_of(recipe, "again").replaced(runs=True, reasons=("forced",)), "failed", error=error)
    returned = journal.write([done, failed], {"name": "tfjs"}, interrupted=task_of(recipe, "again"))
    (path,) = (journal.folder / "runs").glob("*.json")
    record = json.loads(path.read_text())
    assert path.name == "20270115T080000.json"
    base = recipe.base
    formats = {"from": "tfjs_layers_model", "to": "tfjs_layers_model"}
    assert record == {
        "recipe": str(base / "recipe.yml"),
        "name": "recipe",
        "started": "20270115T080000",
        "seconds": 0.0,
        "tool": __version__,
        "environment": {"name": "tfjs"},
        "steps": [
            {
                "step": "shard",
                "output": str(base / "shard"),
                "kind": "shard",
                "formats": formats,
                "status": "done",
                "reasons": ["not made yet", "forced"],
                "seconds": 1.235,
                "bytes": {"before": 8, "after": 16},
                "facts": {"engine": "reference", "command": record["steps"][0]["facts"]["command"]},
                "worker_jobs": [job.as_json()],
                "error": None,
            },
            {
                "step": "again",
                "output": str(base / "again"),
                "kind": "shard",
                "formats": formats,
                "status": "failed",
                "reasons": ["forced"],
                "seconds": 0.0,
                "bytes": {"before": 0, "after": 0},
                "facts": {},
                "worker_jobs": [],
                "error": {
                    "class": "OutputsError",
                    "exit_code": 44,
                    "message": "shard: outputs: y differs",
                    "hint": "look",
                    "details": "a\nb",
                    "log": "/log",
                },
            },
        ],
        "interrupted": {"step": "again", "output": str(base / "again"), "status": "interrupted"},
    }
    assert "secret" not in path.read_text()
    assert path.read_text().startswith('{\n "recipe": "')
    assert path.read_text().endswith("\n}\n")
    assert returned["steps"][0]["reasons"] == ["not made yet", "forced"]


def test_a_result_of_another_format_than_declared_is_noted_as_what_it_is(recipe: Recipe) -> None:
    task = task_of(recipe).replaced(runs=True, reasons=("forced",))
    record = Journal(recipe).write([Outcome(task, "done", facts={"format": "tfjs_graph_model"})], {})
    assert record["steps"][0]["formats"] == {"from": "tfjs_layers_model", "to": "tfjs_graph_model"}
    assert record["interrupted"] is None


def test_a_sidecar_has_these_keys(tmp_path: Path) -> None:
    ingredients = Ingredients("shard", {"engine": "auto"}, {"model.json": {"sha256": "ab", "bytes": 1}}, "lock")
    files = {"model.json": FileDigest("cd", 2)}
    write_sidecar(sidecar_path(tmp_path / "web"), Sidecar("shard", ingredients, files, {"engine": "native"}))
    assert json.loads((tmp_path / "web.tfjs-workflow.json").read_text()) == {
        "scheme": 1,
        "step": "shard",
        "key": ingredients.key(),
        "ingredients": {
            "kind": "shard",
            "options": {"engine": "auto"},
            "inputs": {"model.json": {"sha256": "ab", "bytes": 1}},
            "environment": "lock",
        },
        "files": {"model.json": {"sha256": "cd", "bytes": 2}},
        "facts": {"engine": "native"},
    }


def test_a_key_is_another_one_when_any_ingredient_is(tmp_path: Path) -> None:
    plain = Ingredients("shard", {"a": 1}, {"f": {"sha256": "0", "bytes": 1}}, "lock")
    changes: list[dict[str, Any]] = [
        {"kind": "graph"},
        {"options": {"a": 2}},
        {"inputs": {"f": {"sha256": "1", "bytes": 1}}},
        {"environment": "other"},
    ]
    keys = [plain.key(), *(plain.replaced(**change).key() for change in changes)]
    assert len(set(keys)) == len(keys)
    assert plain.key() == plain.replaced(options={"a": 1}).key()


SHARD, AGAIN = "shard", "again"


def noted(recipe: Recipe, *runs: object) -> None:
    """Write these runs, the first one the oldest: for each the statuses of steps, or what stands in its file."""
    folder = journal_folder(recipe) / "runs"
    folder.mkdir(parents=True)
    for number, run in enumerate(runs):
        text = run if isinstance(run, str) else json.dumps(run)
        (folder / f"20270115T08000{number}.json").write_text(text)


def ran(recipe: Recipe, *, interrupted: str = "", elsewhere: bool = False, **statuses: str) -> dict[str, Any]:
    base = Path("/elsewhere") if elsewhere else recipe.base
    steps = [{"step": name, "output": str(base / name), "status": status} for name, status in statuses.items()]
    last = {"step": interrupted, "output": str(recipe.base / interrupted), "status": "interrupted"}
    return {"steps": steps, "interrupted": last if interrupted else None}


def test_the_last_status_is_that_of_the_latest_run_which_came_to_the_step(recipe: Recipe) -> None:
    noted(recipe, ran(recipe, shard="done", again="failed"), ran(recipe, shard="failed", again="not run"))
    assert last_status(recipe, task_of(recipe, SHARD)) == "failed"
    assert last_status(recipe, task_of(recipe, AGAIN)) == "failed"


def test_a_step_that_was_at_work_when_the_run_was_interrupted_was_interrupted(recipe: Recipe) -> None:
    noted(recipe, ran(recipe, shard="failed"), ran(recipe, interrupted="shard"))
    assert last_status(recipe, task_of(recipe)) == "interrupted"
    (decision, _) = planning.plan(recipe, Selection(), environment="")
    assert decision.reasons == ("the last run was interrupted",)


def test_a_step_of_the_same_name_with_another_output_is_another_one(recipe: Recipe) -> None:
    noted(recipe, ran(recipe, shard="done"), ran(recipe, shard="failed", elsewhere=True))
    assert last_status(recipe, task_of(recipe)) == "done"


def test_runs_that_cannot_be_read_are_passed_over(recipe: Recipe) -> None:
    broken = ["{", "[]", '{"steps": 5}', '{"steps": [{"step": "shard"}]}']
    noted(recipe, ran(recipe, shard="failed"), *broken)
    assert last_status(recipe, task_of(recipe)) == "failed"


def test_only_the_last_five_runs_are_asked(recipe: Recipe) -> None:
    noted(recipe, ran(recipe, shard="failed"), *[ran(recipe, again="done")] * 5)
    assert last_status(recipe, task_of(recipe)) == ""
    (decision, _) = planning.plan(recipe, Selection(), environment="")
    assert decision.reasons == ("not made yet",)


def test_without_runs_there_is_no_last_status(recipe: Recipe) -> None:
    assert last_status(recipe, task_of(recipe)) == ""


def test_why_a_step_runs_after_one_that_failed(recipe: Recipe) -> None:
    noted(recipe, ran(recipe, shard="failed"))
    (decision, _) = planning.plan(recipe, Selection(), environment="")
    assert decision.reasons == ("the last run failed",)


def test_fifty_runs_are_kept_and_those_of_one_second_are_numbered(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOON]
    monkeypatch.setattr("time.time", lambda: now[0])
    for number in range(52):
        now[0] = NOON + number // 2
        Journal(recipe).write([], {})
    names = sorted(path.name for path in (journal_folder(recipe) / "runs").iterdir())
    assert len(names) == 50
    assert names[:3] == ["20270115T080001.json", "20270115T080001_2.json", "20270115T080002.json"]


def test_a_log_is_empty_for_each_run_and_its_name_is_safe(recipe: Recipe) -> None:
    step = shard_step(recipe.base, "a b").replaced(name="../evil name")
    task = task_of(recipe.replaced(steps=(step,)), "../evil name")
    journal = Journal(recipe)
    path = journal.log(task)
    assert path.parent == journal.folder / "logs"
    assert path.name == ".._evil_name.log"
    path.write_text("of the last run")
    assert journal.log(task).read_text() == ""


def test_where_nothing_may_be_written_beside_the_recipe_the_journal_is_in_the_tools_own_folder(
    recipe: Recipe, tool_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert journal_folder(recipe) == recipe.base / ".tfjs-workflow" / "recipe"
    assert not Journal(recipe).is_elsewhere
    os.symlink(tmp_path_factory.mktemp("strange"), recipe.base / ".tfjs-workflow")  # noqa: PTH211  a link of a stranger
    assert journal_folder(recipe).parent == tool_home / "journals"
    assert Journal(recipe).is_elsewhere
