from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.unit.report.runs import failed_step, full_check, full_run, place, python_check, run_of, step
from workflow.report.record import SCHEMA, RunRecord, schema_text
from workflow.report.run_reading import artifacts, layers_step, read_run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_committed_schema_is_what_the_record_makes() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "run: python scripts/write_schema.py"


@pytest.mark.parametrize(
    "run", [full_run(), run_of(), run_of(failed_step()), run_of(step("a", "graph", python_check()))]
)
def test_records_obey_the_schema_and_come_back_the_same(run: dict[str, Any]) -> None:
    record = read_run(run)
    jsonschema.validate(json.loads(record.to_json()), json.loads(schema_text()))
    assert RunRecord.from_json(json.loads(record.to_json())) == record


def test_a_run_everywhere_has_passed() -> None:
    record = read_run(full_run())
    assert record.verdict == "passed"
    assert record.summary == "All 4 artifacts agree with their source in 3 places."
    assert [step.verdict for step in record.steps] == ["passed"] * 4


def test_a_tfjs_model_that_ran_in_python_alone_is_incomplete() -> None:
    record = read_run(run_of(step("shard", "shard", python_check())))
    assert record.verdict == "incomplete"
    assert record.summary == "shard did not run in JavaScript, where it is going to live."


def test_a_keras_file_needs_no_javascript() -> None:
    assert read_run(run_of(step("back", "js_to_python", python_check(), to="keras"))).verdict == "passed"


def test_a_backend_that_is_not_there_leaves_the_run_incomplete() -> None:
    check = full_check()
    check["runs"].append(
        {"runtime": "browser", "backend": "webgpu", "status": "not run", "why": "no adapter", "remedy": ""}
    )
    record = read_run(run_of(step("graph", "graph", check, to="tfjs_graph_model")))
    assert record.verdict == "incomplete"


def test_a_check_that_proves_nothing_is_not_passed() -> None:
    check = full_check()
    check["levels"][-1] = {"level": "outputs", "status": "no proof", "why": "the reference hardly varies"}
    assert read_run(run_of(step("graph", "graph", check))).verdict == "incomplete"


def test_levels_that_do_not_apply_do_not_spoil_a_pass() -> None:
    check = full_check()
    check["levels"][1]["status"] = "not applicable"
    assert read_run(run_of(step("graph", "graph", check, to="tfjs_graph_model"))).verdict == "passed"


def test_one_failure_fails_the_run_and_is_kept() -> None:
    record = read_run(run_of(failed_step(), *full_run()["steps"][1:]))
    assert (record.verdict, record.summary) == ("failed", "python_to_js failed; nothing of it was published.")
    assert record.steps[0].failure is not None
    assert record.steps[0].failure.exit_code == 40


def test_one_place_that_failed_fails_the_step() -> None:
    check = full_check()
    check["runs"].append(place("browser", "cpu", 1.6, status="failed"))
    assert read_run(run_of(step("up", "python_to_js", check))).verdict == "failed"


def test_a_run_without_conversions_has_proved_nothing() -> None:
    assert read_run(run_of()).verdict == "incomplete"


def test_format_and_quantization_follow_from_the_command() -> None:
    steps = {each.step: each for each in read_run(full_run()).steps}
    assert [each.format for each in steps.values()] == [
        "tfjs_layers_model",
        "keras",
        "tfjs_layers_model",
        "tfjs_graph_model",
    ]
    assert [each.step for each in steps.values() if each.quantized] == ["quantize"]
    assert steps["graph"].output == "data/graph"


def test_time_path_and_versions_are_written_for_people() -> None:
    record = read_run(full_run())
    assert record.started == "2026-11-22T22:38:35Z"
    assert record.command == "tfjs-workflow convert recipes/digits.yml --force"
    assert list(record.versions) == ["tfjs-workflow", "python", "tensorflow", "tfjs"]


def test_nothing_of_the_machine_gets_into_the_record() -> None:
    assert "/home/user" not in read_run(full_run()).to_json()


def test_artifacts_are_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    steps = [step(name, "shard", {}, output=str(tmp_path / name)) for name in ("here", "gone")]
    assert artifacts(run_of(*steps)) == {"here": tmp_path / "here"}
    assert layers_step(full_run()) == "python_to_js"
    assert layers_step(run_of()) is None
