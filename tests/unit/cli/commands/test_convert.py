"""The command line of convert and plan, up to where a run would start."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.unit.runs.recipes import write_layers_model
from workflow.base.processes import run
from workflow.cli.boundary import guarded
from workflow.cli.commands.convert import with_bare_force

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"numpy", "h5py", "rattler", "tensorflow"}

RECIPE = """\
name: small
steps:
  - shard: {input: web, output: out/sharded, shard_size: 4}
  - quantize: {input: out/sharded, output: out/small, dtype: uint8}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    path = tmp_path / "small.yml"
    path.write_text(RECIPE)
    return path


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["r.yml", "--force"], ["r.yml", "--force=*"]),
        (["--force", "r.yml"], ["--force=*", "r.yml"]),
        (["r.yml", "--force", "shard"], ["r.yml", "--force", "shard"]),
        (["--force", "recipes/r"], ["--force=*", "recipes/r"]),
        (["r.yml", "--force", "--quiet"], ["r.yml", "--force=*", "--quiet"]),
        (["run", "--", "x", "--force"], ["run", "--", "x", "--force"]),
    ],
)
def test_a_bare_force_means_every_step(typed: list[str], meant: list[str]) -> None:
    assert with_bare_force(typed) == meant


def test_plan_names_every_step_with_its_reason(recipe: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["plan", str(recipe)]) == 0
    out = capfd.readouterr().out
    assert "not made yet" in out
    assert "its input is made by step shard" in out
    assert "2 of 2 to run" in out


def test_a_dry_run_is_the_plan(recipe: Path, capfd: pytest.CaptureFixture[str]) -> None:
    guarded(["plan", str(recipe)])
    planned = capfd.readouterr().out
    assert guarded(["convert", str(recipe), "--dry-run"]) == 0
    assert capfd.readouterr().out == planned


def test_plan_as_json_can_be_read(recipe: Path, capfd: pytest.CaptureFixture[str]) -> None:
    guarded(["plan", str(recipe), "--json"])
    steps = json.loads(capfd.readouterr().out)["steps"]
    assert [step["runs"] for step in steps] == [True, True]


def test_plan_says_what_convert_will_refuse_and_what_force_does(
    recipe: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_layers_model(recipe.parent / "out" / "sharded")
    guarded(["plan", str(recipe)])
    said = " ".join(capfd.readouterr().out.split())
    assert "stop shard" in said
    assert "convert will refuse it: nothing shows that tfjs-workflow made sharded" in said
    assert "pass --force: then it is set aside" in said
    assert "2 of 2 to run, 1 refused" in said
    guarded(["plan", str(recipe), "--json"])
    first, second = json.loads(capfd.readouterr().out)["steps"]
    assert "--force" in first["refused"]
    assert second["refused"] is None
    guarded(["plan", str(recipe), "--force"])
    assert "refuse" not in capfd.readouterr().out


def test_plan_changes_no_byte(recipe: Path, tool_home: Path) -> None:
    folders = (recipe.parent, tool_home)
    before = [sorted(path.rglob("*")) for path in folders]
    guarded(["plan", str(recipe)])
    assert [sorted(path.rglob("*")) for path in folders] == before


def test_plan_commands_are_the_tutorials(
    recipe: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recipe.parent)
    guarded(["plan", "small.yml", "--commands"])
    assert capfd.readouterr().out.splitlines()[0] == (
        "tensorflowjs_converter --input_format=tfjs_layers_model --output_format=tfjs_layers_model"
        " --weight_shard_size_bytes=4 web/model.json out/sharded"
    )


def test_plan_commands_leave_a_handle_as_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = "https://tfhub.dev/google/x/1"
    entry = f"convert: {{input: {handle!r}, output: out, from: tf_hub, to: tfjs_graph_model}}"
    (tmp_path / "hub.yml").write_text(f"steps:\n  - {entry}\n")
    monkeypatch.chdir(tmp_path)
    assert guarded(["plan", "hub.yml", "--commands"]) == 0
    assert capfd.readouterr().out.splitlines()[0].endswith(f" {handle} out")


@pytest.mark.parametrize(("options", "made"), [([], False), (["--keep-going"], True)])
def test_after_a_failure_the_rest_runs_only_where_that_is_asked_for(
    tmp_path: Path, options: list[str], *, made: bool
) -> None:
    for name in ("bad", "good"):
        write_layers_model(tmp_path / name)
    (tmp_path / "bad" / "group1-shard1of1.bin").write_bytes(b"")
    steps = "".join(
        f"  - shard: {{name: {one}, input: {one}, output: out/{one}, shard_size: 4}}\n" for one in ("bad", "good")
    )
    (tmp_path / "two.yml").write_text(f"verify: off\nsteps:\n{steps}")
    assert guarded(["convert", str(tmp_path / "two.yml"), *options]) != 0
    assert (tmp_path / "out" / "good" / "model.json").exists() is made
    assert not (tmp_path / "out" / "bad").exists()


def test_an_unknown_step_is_a_usage_error_with_the_nearest_name(
    recipe: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert guarded(["plan", str(recipe), "--only", "shrad"]) == 2
    assert "did you mean shard?" in capfd.readouterr().err


def test_from_behind_until_is_a_usage_error(recipe: Path) -> None:
    assert guarded(["plan", str(recipe), "--from", "quantize", "--until", "shard"]) == 2


def test_a_missing_recipe_has_its_own_code(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["plan", "mobilnet.yml"]) == 11
    assert "mobilenet.yml" in capfd.readouterr().err


@pytest.mark.parametrize("command", ["convert", "plan"])
def test_a_program_that_asks_for_json_gets_the_error_as_json(
    command: str, recipe: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text(RECIPE.replace("quantize", "quantise"))
    assert guarded([command, str(recipe), "--json"]) == 10
    said = capfd.readouterr()
    error = json.loads(said.out)["error"]
    assert (error["class"], error["exit_code"]) == ("RecipeError", 10)
    assert "small.yml:4" in error["details"]
    assert "small.yml has 1 error" in said.err
    assert guarded([command, str(recipe)]) == 10
    assert capfd.readouterr().out == ""


def test_a_bug_is_reported_with_a_file(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tool_home: Path
) -> None:
    monkeypatch.setattr("workflow.cli.main.run", lambda _: 1 / 0)
    assert guarded(["plan"]) == 1
    (report,) = (tool_home / "cache" / "bugs").glob("*.md")
    assert "ZeroDivisionError" in report.read_text()
    assert report.name in capfd.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "RECIPE"], ["check", "RECIPE"]])
def test_light_commands_import_nothing_heavy(recipe: Path, arguments: list[str]) -> None:
    words = [str(recipe) if word == "RECIPE" else word for word in arguments]
    code = (
        "import sys; from workflow.cli.boundary import guarded; guarded(sys.argv[1:]); "
        "print('LOADED', sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = run([sys.executable, "-c", code, *words], cwd=ROOT)
    loaded = next(line for line in done.stdout.splitlines() if line.startswith("LOADED"))
    assert HEAVY & set(json.loads(loaded.removeprefix("LOADED ").replace("'", '"'))) == set()


def test_the_version_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["--version"]) == 0
    assert capfd.readouterr().out.startswith("tfjs-workflow ")


def test_json_is_ascii_for_whatever_reads_it(recipe: Path, capfd: pytest.CaptureFixture[str]) -> None:
    strange = recipe.with_name("тест.yml")
    recipe.rename(strange)
    assert guarded(["plan", str(strange), "--json"]) == 0
    told = capfd.readouterr().out
    assert told.isascii()
    assert json.loads(told)["recipe"] == str(strange)
    assert guarded(["plan", str(strange) + "x", "--json"]) == 11
    assert "тест.ymlx" in json.loads(capfd.readouterr().out)["error"]["message"]


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e300"])
def test_a_limit_that_is_none_is_refused(seconds: str, recipe: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["convert", str(recipe), "--timeout", seconds]) == 2
    assert "--timeout" in capfd.readouterr().err


def test_a_folder_for_results_that_a_killed_run_left_does_not_make_the_output_ours(
    recipe: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    foreign = recipe.parent / "out" / "sharded"
    write_layers_model(foreign)
    (foreign.parent / ".sharded.tfjs-workflow-staging").mkdir()
    assert guarded(["plan", str(recipe), "--json"]) == 0
    assert "sharded" in json.loads(capfd.readouterr().out)["steps"][0]["refused"]
