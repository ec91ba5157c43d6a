"""The tutorial's five conversions, through the command line, on a small network."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.conversions.projects import OUTPUTS
from workflow.runs.sidecars import intact, read_sidecar, sidecar_path

if TYPE_CHECKING:
    from tests.real.conversions.projects import Project

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_output_stands_there_as_its_sidecar_says(finished: Project, name: str) -> None:
    output = finished.folder / "data" / name
    sidecar = read_sidecar(sidecar_path(output))
    assert sidecar is not None
    assert intact(output, sidecar) == []


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("web_model", 1e-5),
        ("keras2.h5", 2e-5),  # its source is asked in TensorFlow.js
        ("sharded_model", 1e-5),
        ("graph_model", 1e-4),
        ("quantized_model", 0.1),
    ],
)
def test_every_result_computes_what_its_source_does(finished: Project, name: str, bound: float) -> None:
    sidecar = read_sidecar(sidecar_path(finished.folder / "data" / name))
    assert sidecar is not None
    (output,) = sidecar.facts["check"]["outputs"]
    assert output["max_abs"] <= bound
    assert output["spread"] > 1e-3, "the network answers the same whatever it is shown"


def test_the_shards_have_the_size_asked_for(finished: Project) -> None:
    sizes = [path.stat().st_size for path in (finished.folder / "data" / "sharded_model").glob("*.bin")]
    assert max(sizes) == 100_000
    assert sorted(sizes)[1] == 100_000


def test_uint16_halves_the_weights(finished: Project) -> None:
    def weights(name: str) -> int:
        return sum(path.stat().st_size for path in (finished.folder / "data" / name).glob("*.bin"))

    assert weights("quantized_model") == weights("web_model") / 2


def test_a_second_run_does_nothing_and_says_why(project: Project) -> None:
    done = project.convert("--json")
    steps = json.loads(done.stdout)["steps"]
    assert {step["status"] for step in steps} == {"up to date"}
    assert all("as before" in step["reasons"][0] for step in steps)


def test_a_copied_project_is_as_up_to_date_as_its_original(project: Project) -> None:
    done = project.convert()
    assert "6 up to date" in done.stdout


def test_one_deleted_output_is_made_again_and_nothing_else(project: Project) -> None:
    (project.folder / "data" / "graph_model" / "model.json").unlink()
    steps = json.loads(project.convert("--json").stdout)["steps"]
    assert {step["step"]: step["status"] for step in steps if step["status"] != "up to date"} == {"graph": "done"}


def test_names_with_spaces_quotes_and_other_scripts_work(project: Project) -> None:
    name = "it's a 模型 «ü»"
    project.write(f'steps:\n  - shard: {{input: data/web_model, output: "data/{name}", shard_size: 1MB}}\n')
    done = project.convert()
    assert done.code == 0, done.stderr
    assert (project.folder / "data" / name / "model.json").is_file()


def test_standard_output_holds_the_table_alone(project: Project) -> None:
    done = project.convert("--force", "shard")
    assert "TensorFlow" not in done.stderr + done.stdout
    assert "shard" in done.stdout


def test_the_commands_of_the_plan_are_what_a_shell_would_run(project: Project) -> None:
    from workflow.base.processes import run  # noqa: PLC0415  one use

    done = run(
        [sys.executable, "-m", "workflow", "plan", str(project.recipe), "--commands"],
        cwd=project.folder,
        env=project.environ(),
    )
    assert (
        "tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model data/keras.h5 data/web_model"
        in (done.stdout)
    )
