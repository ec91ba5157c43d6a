"""What reports make of a run in the journal: its evidence, and what its artifacts are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.report.runs import full_check, output, place, python_check, run_of, step
from tests.unit.verification.measures.models import write_model
from workflow.base.record_json import MalformedError
from workflow.report.journal_run import JournalStep
from workflow.report.run_reading import (
    attribution_of,
    format_of,
    is_quantized,
    level_of,
    places_of,
    read_run,
    shown_path,
)
from workflow.verification.evidence import Attribution, Evidence

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.report.record import Level, PlaceRun


def runs_of(check: dict[str, Any]) -> list[PlaceRun]:
    return list(places_of(Evidence.from_json(check)))


def attribution(check: dict[str, Any]) -> Attribution | None:
    return attribution_of(Evidence.from_json(check), runs_of(check))


def test_a_check_in_python_alone_is_one_run_with_its_numbers() -> None:
    (run,) = runs_of(python_check(0.02))
    assert (run.place, run.status, run.max_abs, run.top1, run.samples) == ("python", "passed", 0.02, 1.0, 360)
    assert run.outputs[0].relative == pytest.approx(0.02)
    assert run.accuracy is not None
    assert run.accuracy.result == 0.985


def test_runs_in_every_place_are_read_with_backend_timing_versions_and_notes() -> None:
    runs = runs_of(full_check())
    assert [run.place for run in runs] == ["python", "node wasm", "browser webgl"]
    node = runs[1]
    assert (node.timing.median_ms, node.timing.count, node.load_average) == (2.0, 20, 0.7)
    assert node.versions == {"tfjs": "4.22.0"}
    assert node.notes == ("fallbacks: Einsum on cpu",)
    assert node.outputs[0].worst[0].index == (3, 1)
    assert node.outputs[0].histogram is not None


def test_what_was_not_run_says_why_and_is_not_passed() -> None:
    absent = {"status": "not run", "why": "no Chromium here", "remedy": "install one"}
    (run,) = runs_of({"runs": [{"runtime": "browser", "backend": "webgpu", **absent}]})
    assert (run.status, run.why, run.remedy) == ("not run", "no Chromium here", "install one")


def test_a_python_check_that_could_not_run_is_not_run() -> None:
    (run,) = runs_of({"not_run": "the source is a TensorFlow Hub handle"})
    assert run.status == "not run"


def test_an_output_that_is_not_finite_says_so() -> None:
    broken = output(0.0, finite={"source": True, "result": False})
    (run,) = runs_of({"runs": [{**place("node", "wasm", 0.0), "status": "failed", "outputs": [broken]}]})
    assert (run.status, run.outputs[0].finite) == ("failed", False)


@pytest.mark.parametrize("wrong", [{"runtime": "node"}, {"status": "passed"}, {"runtime": "node", "status": "fine"}])
def test_a_place_without_a_name_or_a_known_status_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedError, match=r"runs, 0, (status|runtime)"):
        Evidence.from_json({"runs": [wrong]})


def test_numbers_that_are_not_finite_are_unknown() -> None:
    (run,) = runs_of({"runs": [{**place("node", "cpu", 0.0), "outputs": [output(math.nan)]}]})
    assert run.outputs[0].max_abs is None


def levels_of(*levels: dict[str, Any]) -> list[Level]:
    return list(map(level_of, Evidence.from_json({"levels": list(levels)}).levels))


def test_levels_are_read_with_what_they_found() -> None:
    (level,) = levels_of({"level": "weights", "status": "failed", "findings": ["kernel differs"], "subjects": ["k"]})
    assert (level.name, level.status, level.findings) == ("weights", "failed", ("kernel differs",))


def test_unknown_words_for_a_status_are_not_passed() -> None:
    assert [level.status for level in levels_of({"level": "weights", "status": "splendid"}, {"level": "contract"})] == [
        "not run",
        "not run",
    ]
    (proof,) = levels_of({"level": "outputs", "status": "no proof", "why": "hardly varies"})
    assert (proof.status, proof.remarks) == ("no proof", ("hardly varies",))


def test_the_error_is_attributed_to_stored_weights_and_to_the_runtime() -> None:
    check = {"runs": [place("python", None, 0.02), place("node", "wasm", 0.025), place("browser", "webgl", 0.021)]}
    found = attribution(check)
    assert found is not None
    assert (found.quantization, found.place) == (0.02, "node wasm")
    assert found.runtime == pytest.approx(0.005)


def test_an_attribution_that_the_check_gives_is_taken() -> None:
    given = {"attribution": {"quantization": 0.1, "runtime": 0.2, "place": "node cpu"}}
    found = attribution(given)
    assert found is not None
    assert (found.quantization, found.runtime, found.place) == (0.1, 0.2, "node cpu")
    assert attribution(python_check()) is None


def native(name: str, kind: str, **more: Any) -> JournalStep:
    return JournalStep.from_json(native_json(name, kind, **more))


def native_json(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """A step of the native engine, which runs no command."""
    return {**step(name, kind, python_check()), "facts": {"engine": "native", "check": python_check()}, **more}


@pytest.mark.parametrize(
    ("kind", "output", "expected"),
    [
        ("shard", "data/sharded", "tfjs_layers_model"),
        ("quantize", "data/small", "tfjs_layers_model"),
        ("graph", "data/fast", "tfjs_graph_model"),
        ("js_to_python", "data/back.h5", "keras"),
        ("convert", "data/back.keras", "keras_keras"),
        ("convert", "data/unknown", ""),
    ],
)
def test_without_a_command_the_kind_and_the_name_tell_the_format(kind: str, output: str, expected: str) -> None:
    assert format_of(native("x", kind, output=output)) == expected


def test_what_lies_there_tells_it_better(tmp_path: Path) -> None:
    graph = write_model(tmp_path / "small", b"1", graph=True)
    assert format_of(native("small", "quantize", output=str(graph))) == "tfjs_graph_model"
    (graph / "model.json").write_text("[]")
    assert format_of(native("small", "quantize", output=str(graph))) == "tfjs_layers_model"


def test_a_recorded_format_is_believed() -> None:
    assert format_of(native("x", "convert", formats={"from": "keras", "to": "tf_saved_model"})) == "tf_saved_model"


def test_a_native_result_that_ran_in_python_alone_is_incomplete_too() -> None:
    assert read_run(run_of(native_json("sharded", "shard"))).verdict == "incomplete"


def test_quantization_shows_in_the_kind_the_command_or_the_facts() -> None:
    facts = {"quantization": {"uint8": 14}}
    assert is_quantized(native("x", "quantize"))
    assert is_quantized(native("x", "shard", facts=facts))
    assert is_quantized(native("x", "convert", facts={"command": "tensorflowjs_converter --quantize_float16 a b"}))
    assert not is_quantized(native("x", "shard"))


def test_paths_are_shown_as_the_recipe_has_them() -> None:
    assert shown_path("/p/data/web", "/p/recipes/r.yml") == "data/web"
    assert shown_path("/p/data/web", "/p/r.yml") == "data/web"
    assert shown_path("/elsewhere/web", "/p/r.yml") == "web"
