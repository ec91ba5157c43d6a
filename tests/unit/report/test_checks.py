from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit.report.runs import full_check, output, place, python_check
from workflow.report.checks import read_attribution, read_levels, read_runs


def test_a_check_in_python_alone_is_one_run_with_its_numbers() -> None:
    (run,) = read_runs(python_check(0.02))
    assert (run.place, run.status, run.max_abs, run.top1, run.samples) == ("python", "passed", 0.02, 1.0, 360)
    assert run.outputs[0].relative == pytest.approx(0.02)
    assert run.accuracy is not None
    assert run.accuracy.result == 0.985


def test_runs_in_every_place_are_read_with_backend_timing_versions_and_notes() -> None:
    runs = read_runs(full_check())
    assert [run.place for run in runs] == ["python", "node wasm", "browser webgl"]
    node = runs[1]
    assert (node.timing.median_ms, node.timing.count, node.load_average) == (2.0, 20, 0.7)
    assert node.versions == {"tfjs": "4.22.0"}
    assert node.notes == ["fallbacks: Einsum on cpu"]
    assert node.outputs[0].worst[0].index == [3, 1]
    assert node.outputs[0].histogram is not None


@pytest.mark.parametrize(
    ("reason", "why", "remedy"),
    [
        ({"why": "no Chromium here", "remedy": "install one"}, "no Chromium here", "install one"),
        ("no Chromium here", "no Chromium here", ""),
    ],
)
def test_what_was_not_run_says_why_and_is_not_passed(reason: Any, why: str, remedy: str) -> None:
    (run,) = read_runs({"runs": [{"runtime": "browser", "backend": "webgpu", "not_run": reason}]})
    assert (run.status, run.why, run.remedy) == ("not run", why, remedy)


def test_a_python_check_that_could_not_run_is_not_run() -> None:
    (run,) = read_runs({"not_run": "the source is a TensorFlow Hub handle"})
    assert run.status == "not run"


@pytest.mark.parametrize(
    "bad",
    [
        {"outputs": [output(0.5, bound=0.1)]},
        {"outputs": [output(0.0, finite=False)]},
        {"outputs": [output(0.0, finite={"source": True, "result": False})]},
        {"outputs": [], "failure": {"message": "Unknown layer"}},
    ],
)
def test_a_run_beyond_its_bound_or_not_finite_or_broken_has_failed(bad: dict[str, Any]) -> None:
    run = {key: value for key, value in place("node", "wasm", 0.0).items() if key != "status"}
    assert read_runs({"runs": [{**run, **bad}]})[0].status == "failed"


def test_no_outputs_and_no_word_is_not_run() -> None:
    assert read_runs({"runs": [{"runtime": "node", "backend": "cpu"}]})[0].status == "not run"


def test_numbers_that_are_not_finite_are_unknown() -> None:
    (run,) = read_runs({"runs": [place("node", "cpu", math.nan)]})
    assert run.outputs[0].max_abs is None


def test_levels_are_read_from_a_list_or_an_object() -> None:
    listed = read_levels(
        {"levels": [{"level": "weights", "status": "failed", "findings": [{"text": "kernel differs"}]}]}
    )
    keyed = read_levels({"levels": {"weights": {"passed": False, "findings": "kernel differs"}, "structure": True}})
    assert (listed[0].status, listed[0].findings) == ("failed", ["kernel differs"])
    assert [(level.name, level.status) for level in keyed] == [("weights", "failed"), ("structure", "passed")]
    assert keyed[0].findings == ["kernel differs"]


def test_unknown_words_for_a_status_are_not_passed() -> None:
    assert read_levels({"levels": {"weights": {"status": "splendid"}, "contract": {}}})[0].status == "not run"
    (proof,) = read_levels({"levels": [{"level": "outputs", "status": "no proof", "why": "hardly varies"}]})
    assert (proof.status, proof.remarks) == ("no proof", ["hardly varies"])


def test_the_error_is_attributed_to_stored_weights_and_to_the_runtime() -> None:
    check = {"runs": [place("python", None, 0.02), place("node", "wasm", 0.025), place("browser", "webgl", 0.021)]}
    found = read_attribution(check, read_runs(check))
    assert found is not None
    assert (found.quantization, found.place) == (0.02, "node wasm")
    assert found.runtime == pytest.approx(0.005)


def test_an_attribution_that_the_check_gives_is_taken() -> None:
    given = {"attribution": {"quantization": 0.1, "runtime": 0.2, "place": "node cpu"}}
    found = read_attribution(given, [])
    assert found is not None
    assert (found.quantization, found.runtime, found.place) == (0.1, 0.2, "node cpu")
    assert read_attribution({}, read_runs(python_check())) is None
