"""Planning: a reason for every step, from what is on disk, without touching it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.recipes import recipe_of, scripted, shard_step, write_layers_model
from workflow.base.digests import artifact_digests
from workflow.recipe.findings import Spot
from workflow.recipe.recipes import ApplicationModel, Verification
from workflow.runs import planning, publishing
from workflow.runs.journal import journal_folder, last_status
from workflow.runs.sidecars import Ingredients, Sidecar
from workflow.runs.tasks import Selection, tasks_of
from workflow.verification.runtimes import browsers, node_program

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Task

LOCK = "lock-1"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def run_all(recipe: Recipe, lock: str = LOCK, **facts: object) -> None:
    """Publish for every task what a run would."""
    for task in tasks_of(recipe):
        write_layers_model(publishing.begin(task.output), weights=task.name.encode().ljust(8))
        ingredients = planning.ingredients(task, recipe, environment=lock)
        staged = publishing.staging_folder(task.output) / task.output.name
        publishing.publish(task.output, Sidecar(task.name, ingredients, artifact_digests(staged), facts))


def plan(recipe: Recipe, lock: str = LOCK, **selection: object) -> list[Task]:
    return planning.plan(recipe, Selection(**selection), environment=lock)  # type: ignore[arg-type]


def only_reason(recipe: Recipe, lock: str = LOCK) -> str:
    (task,) = plan(recipe, lock)
    assert task.runs
    (reason,) = task.reasons
    return reason


def test_a_step_that_never_ran_says_so(base: Path) -> None:
    assert only_reason(recipe_of(base, shard_step(base))) == "not made yet"


def test_a_step_whose_last_run_failed_says_so(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    task = tasks_of(recipe)[0]
    runs = journal_folder(recipe) / "runs"
    runs.mkdir(parents=True)
    told = {"step": task.name, "output": str(task.output), "status": "failed"}
    (runs / "20260101T000000.json").write_text(json.dumps({"steps": [told]}))
    (runs / "20260102T000000.json").write_text(json.dumps({"steps": [told | {"status": "not run"}]}))
    (runs / "20260103T000000.json").write_text("")
    assert only_reason(recipe) == "the last run failed"


def test_the_latest_of_the_last_runs_counts(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    task = tasks_of(recipe)[0]
    runs = journal_folder(recipe) / "runs"
    runs.mkdir(parents=True)
    for day, status in (("01", "failed"), ("02", "interrupted"), ("03", "done"), ("04", "failed"), ("05", "not run")):
        told = {"step": task.name, "output": str(task.output), "status": status}
        (runs / f"202601{day}T000000.json").write_text(json.dumps({"steps": [told]}))
        expected = "failed" if status == "not run" else status
        assert last_status(recipe, task) == expected


def test_files_that_options_name_count_as_inputs(base: Path) -> None:
    module, labels = base / "layers.py", base / "labels.json"
    module.write_text("A = 1\n")
    labels.write_text("[]")
    recipe = recipe_of(base, shard_step(base, custom_objects=[str(module)], metadata={"labels": str(labels)}))
    run_all(recipe)
    assert not plan(recipe)[0].runs
    module.write_text("A = 2\n")
    assert "layers.py" in only_reason(recipe)
    module.write_text("A = 1\n")
    labels.write_text("{}")
    assert "labels" in only_reason(recipe)


def test_a_neighbour_that_a_module_may_import_counts_too(base: Path) -> None:
    for name in ("layers.py", "layers_base.py"):
        (base / name).write_text("A = 1\n")
    recipe = recipe_of(base, shard_step(base, custom_objects=[str(base / "layers.py")]))
    run_all(recipe)
    assert not plan(recipe)[0].runs
    (base / "layers_base.py").write_text("A = 2\n")
    assert "layers_base.py" in only_reason(recipe)


def test_a_folder_of_pictures_counts_by_its_files(base: Path) -> None:
    pictures = base / "pictures"
    pictures.mkdir()
    (pictures / "1.png").write_bytes(b"one")
    recipe = recipe_of(base, shard_step(base)).replaced(verification=Verification(inputs=pictures))
    run_all(recipe)
    assert not plan(recipe)[0].runs
    (pictures / "1.png").write_bytes(b"two")
    assert "1.png" in only_reason(recipe)


def test_after_a_run_nothing_is_to_do(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe)
    (task,) = plan(recipe)
    assert not task.runs
    assert "as before" in task.reasons[0]


def test_a_changed_option_is_named_with_both_values(base: Path) -> None:
    run_all(recipe_of(base, shard_step(base)))
    changed = recipe_of(base, shard_step(base, weight_shard_size_bytes=8))
    assert only_reason(changed) == "weight_shard_size_bytes: 4 -> 8"


def test_a_changed_input_is_named(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe)
    write_layers_model(base / "web", weights=b"\1" * 8)
    assert only_reason(recipe) == "input group1-shard1of1.bin changed"


def test_a_changed_lock_is_a_reason(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe)
    assert only_reason(recipe, "lock-2") == "the environment's lock changed"


def test_an_edited_output_is_a_reason(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe)
    (base / "shard" / "model.json").write_text("{}")
    assert only_reason(recipe) == "output file model.json was edited"


def test_a_deleted_output_is_a_reason(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe)
    (base / "shard" / "model.json").unlink()
    (base / "shard" / "group1-shard1of1.bin").unlink()
    assert only_reason(recipe) == "output shard is missing"


def test_an_interrupted_publication_is_a_reason(base: Path) -> None:
    publishing.begin(base / "shard")
    assert "an earlier run was interrupted" in plan(recipe_of(base, shard_step(base)))[0].reasons


def test_a_step_behind_one_that_runs_waits_for_it(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two", after=("one",)))
    assert plan(recipe)[1].reasons == ("its input is made by step one",)


def test_force_runs_what_is_up_to_date(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe)
    assert plan(recipe, force_all=True)[0].reasons == ("forced",)


def test_forcing_one_step_leaves_its_siblings(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "other"))
    run_all(recipe)
    assert [task.runs for task in plan(recipe, forced=("one",))] == [True, False]


def test_from_and_until_cut_the_list(base: Path) -> None:
    recipe = recipe_of(base, *(shard_step(base, name) for name in ("a", "b", "c", "d")))
    assert [task.name for task in plan(recipe, first="b", last="c")] == ["b", "c"]


def test_only_keeps_the_named_step(base: Path) -> None:
    recipe = recipe_of(base, *(shard_step(base, name) for name in ("a", "b", "c")))
    assert [task.name for task in plan(recipe, only=("b",))] == ["b"]


def test_the_model_source_runs_before_a_selected_step_that_needs_it(tmp_path: Path) -> None:
    step = shard_step(tmp_path).replaced(after=("model",), input=str(tmp_path / "web"))
    recipe = recipe_of(tmp_path, step, model=scripted(tmp_path))
    assert [task.name for task in plan(recipe, only=("shard",))] == ["model", "shard"]


def test_an_edited_training_script_runs_again(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, model=scripted(tmp_path))
    run_all(recipe)
    (tmp_path / "train.py").write_text("print('trained better')\n")
    assert only_reason(recipe) == "input train.py changed"


def test_a_networks_options_its_weights_and_their_bytes_are_its_skip_key(tmp_path: Path) -> None:
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"1")
    model = ApplicationModel(
        application="MobileNet",
        weights=str(weights),
        offline="fail",
        seed=0,
        options={"alpha": 0.5},
        output=tmp_path / "model.h5",
        spot=Spot(path=tmp_path / "recipe.yml"),
    )

    def made_of(model: ApplicationModel) -> Ingredients:
        recipe = recipe_of(tmp_path, model=model)
        return planning.ingredients(tasks_of(recipe)[0], recipe, environment="")

    told = made_of(model)
    assert told.as_dict()["options"] == {
        "application": "MobileNet",
        "weights": str(weights),
        "offline": "fail",
        "seed": 0,
        "alpha": 0.5,
    }
    others = [
        made_of(model.replaced(**change))
        for change in (
            {"application": "ResNet50"},
            {"weights": "imagenet"},
            {"offline": "seeded"},
            {"seed": 1},
            {"options": {"alpha": 1.0}},
        )
    ]
    weights.write_bytes(b"2")
    keys = [one.key() for one in (told, *others, made_of(model))]
    assert len(set(keys)) == len(keys)


def test_planning_changes_no_byte(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two", after=("one",)))
    run_all(recipe)
    (base / "two" / "model.json").write_text("{}")
    before = {path: path.stat().st_mtime_ns for path in base.rglob("*")}
    plan(recipe)
    assert {path: path.stat().st_mtime_ns for path in base.rglob("*")} == before


def test_other_verification_settings_run_the_step_again(base: Path) -> None:
    run_all(recipe_of(base, shard_step(base), verify=False))
    assert only_reason(recipe_of(base, shard_step(base))) == "verify: off -> on"


def test_a_setting_of_the_verification_is_named(base: Path) -> None:
    run_all(recipe_of(base, shard_step(base)))
    step = shard_step(base).replaced(verification=Verification(atol=0.5))
    assert only_reason(recipe_of(base, step)) == "verify.atol: None -> 0.5"


def lacking(runtime: str, why: str) -> dict[str, object]:
    return {"runs": [{"runtime": "python", "status": "passed"}, {"runtime": runtime, "status": "not run", "why": why}]}


@pytest.mark.parametrize("why", [browsers.ABSENT, f"{browsers.VARIABLE} is /no, and no program is there"])
def test_a_browser_that_came_later_runs_the_step_again(base: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    monkeypatch.setenv(browsers.VARIABLE, str(base / "chromium"))
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe, check=lacking("browser", why))
    assert not plan(recipe)[0].runs
    (base / "chromium").touch()
    assert only_reason(recipe) == "the browser is here now; it was not when this was verified"


def test_a_node_that_came_later_runs_the_step_again(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(base))
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe, check=lacking("node", f"{node_program.ABSENT}, and there is no network"))
    assert not plan(recipe)[0].runs
    node = base / ("node.exe" if sys.platform == "win32" else "node")
    node.touch()
    node.chmod(0o755)
    assert only_reason(recipe) == "Node.js is here now; it was not when this was verified"


def test_what_no_program_mends_stays_up_to_date_and_names_force(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (base / "chromium").touch()
    monkeypatch.setenv(browsers.VARIABLE, str(base / "chromium"))
    recipe = recipe_of(base, shard_step(base))
    run_all(recipe, check=lacking("browser", "the browser has no webgl here (it offers no adapter)"))
    (task,) = plan(recipe)
    assert not task.runs
    assert "it was not run in browser: --force shard verifies it again" in task.reasons[0]


def test_keys_change_with_the_query_of_an_address_and_hold_nothing_of_it(tmp_path: Path) -> None:
    def keys(address: str) -> tuple[str, str]:
        step = shard_step(tmp_path).replaced(input=address, input_is_handle=True, from_format="tf_hub")
        script = scripted(tmp_path).replaced(arguments=(f"--data={address}",))
        recipe = recipe_of(tmp_path, step, model=script)
        found = [planning.ingredients(task, recipe, environment="") for task in tasks_of(recipe)]
        assert "s3cret" not in str([each.as_dict() for each in found])
        assert "t0ken" not in str([each.as_dict() for each in found])
        return found[0].key(), found[1].key()

    bare, one, other = (keys(f"https://host/x{query}") for query in ("", "?sig=t0ken1", "?sig=t0ken2"))
    for kind in range(2):
        assert len({bare[kind], one[kind], other[kind]}) == 3
    assert keys("https://me:s3cret@host/x?sig=t0ken1") == one
