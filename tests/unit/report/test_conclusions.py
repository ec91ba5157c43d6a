from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.report.runs import full_check, full_run, python_check, run_of, step
from workflow.report import conclusions
from workflow.report.record import Answer, ArtifactSizes, LoadMeasurement, StepRecord
from workflow.report.run_reading import read_run
from workflow.verification.measures import Measures
from workflow.verification.measures.artifact_sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Sequence


def answers(steps: Sequence[StepRecord], loads: Sequence[LoadMeasurement], *, processors: int = 4) -> Sequence[Answer]:
    return conclusions.answers(steps, loads, processors=processors)


def load(layout: str, link: str, seconds: float | None, artifact: str = "web") -> LoadMeasurement:
    return LoadMeasurement(artifact=artifact, layout=layout, link=link, requests=2, bytes=10, seconds=seconds)


def with_sizes(steps: Sequence[StepRecord], sizes: dict[str, int]) -> list[StepRecord]:
    return [
        step.replaced(sizes=ArtifactSizes(files=2, raw=sizes[step.step], gzip=1, brotli=1))
        for step in steps
        if step.step in sizes
    ]


def test_sharding_without_a_gain_is_said() -> None:
    (answer,) = answers([], [load("1 file", "home", 3.0), load("100 kB", "home", 3.6)])
    assert answer.verdict == "On none of the links"
    assert "files of 100 kB take 1.20\N{MULTIPLICATION SIGN} the time of one file (home)" in answer.evidence


def test_sharding_with_a_gain_names_link_layout_and_factor() -> None:
    loads = [
        load("1 file", "capped", 8.0),
        load("1 MB", "capped", 2.0),
        load("1 file", "home", 3.0),
        load("1 MB", "home", 3.0),
    ]
    (answer,) = answers([], loads)
    assert answer.verdict == "On 1 of 2 links"
    assert "4.00\N{MULTIPLICATION SIGN} as fast in files of 1 MB (capped)" in answer.evidence


def test_load_times_that_were_not_measured_give_no_answer() -> None:
    assert answers([], [load("1 file", "home", None), load("1 MB", "home", None)]) == []
    assert answers([], []) == []


def test_quantization_is_answered_with_size_error_accuracy_and_load_time() -> None:
    steps = with_sizes(read_run(full_run()).steps, {"python_to_js": 1000, "quantize": 260})
    loads = [load("as made", "mobile", 2.0, "python_to_js"), load("as made", "mobile", 0.6, "quantize")]
    answer = answers(steps, loads)[0]
    assert answer.verdict == "Saves 74% of the download"
    assert "outputs differ by up to 2.1e-02, accuracy 99.00% → 98.50%" in answer.evidence
    assert "loads in 0.60 s instead of 2.00 s (mobile)" in answer.evidence


def test_the_graph_model_is_compared_place_by_place() -> None:
    answer = answers(read_run(full_run()).steps, [])[-1]
    assert answer.verdict == "2.00\N{MULTIPLICATION SIGN} as fast"
    assert "2.00\N{MULTIPLICATION SIGN} in node wasm; 2.00\N{MULTIPLICATION SIGN} in browser webgl" in answer.evidence


def test_a_graph_model_that_was_not_timed_is_not_praised() -> None:
    steps = [step("web", "python_to_js", python_check()), step("g", "graph", python_check(), to="tfjs_graph_model")]
    (answer,) = answers(read_run(run_of(*steps)).steps, [])
    assert answer.verdict == "Not measured"
    assert answer.evidence == "No prediction of both models was timed in JavaScript."


def test_without_labels_quantization_costs_no_accuracy_that_is_known() -> None:
    check = {key: value for key, value in python_check(0.5).items() if key != "accuracy"}
    run = run_of(step("web", "python_to_js", python_check()), step("small", "quantize", check))
    sizes = {"web": Sizes(1, 4000, 1, 1), "small": Sizes(1, 1000, 1, 1)}
    (answer,) = answers(read_run(run, measures=Measures(sizes, ())).steps, [])
    assert answer.evidence == "Small: 4.0 kB become 1.0 kB, outputs differ by up to 5.0e-01."


def test_figures_from_a_busy_machine_are_marked() -> None:
    steps = read_run(full_run()).steps
    assert "busy" not in answers(steps, [], processors=2)[-1].evidence
    crowded = [each.replaced(runs=tuple(run.replaced(load_average=7.8) for run in each.runs)) for each in steps]
    answer = answers(crowded, [], processors=2)[-1]
    assert answer.verdict == "2.00\N{MULTIPLICATION SIGN} as fast, on a busy machine"
    assert "The machine was busy (load 7.8 on 2 processors)" in answer.evidence
    assert "busy" not in answers(crowded, [], processors=8)[-1].verdict


def models(median: float, **browser: Any) -> tuple[StepRecord, ...]:
    """Return a layers model and a graph of it twice as fast; ``browser`` is what the graph's run there is instead."""
    check = full_check(median=median / 2)
    check["runs"][2] |= browser
    made = step("graph", "graph", check, to="tfjs_graph_model")
    return read_run(run_of(step("web", "python_to_js", full_check(median=median)), made)).steps


def test_medians_below_a_step_of_the_timer_are_left_out() -> None:
    (answer,) = answers(models(1.2), [])
    assert answer.verdict == "2.00\N{MULTIPLICATION SIGN} as fast"
    assert "Left out node wasm: below 1 ms, which is a step of the timer." in answer.evidence
    (answer,) = answers(models(0.2), [])
    assert answer.verdict == "Not measured"
    assert "node wasm and browser webgl: below 1 ms" in answer.evidence


@pytest.mark.parametrize(
    ("browser", "why"),
    [
        ({"status": "not run", "why": "no adapter", "outputs": [], "timings": {}}, "not run (no adapter)"),
        ({"timings": {"first_ms": 2500.0}}, "not timed (its first prediction took 2,500 ms)"),
        ({"status": "failed"}, "it fails there"),
        ({"backend": "webgpu"}, "one of the two was not to run there"),
    ],
)
def test_a_place_that_is_not_compared_says_why(browser: dict[str, Any], why: str) -> None:
    (answer,) = answers(models(4.0, **browser), [])
    assert answer.verdict == "2.00\N{MULTIPLICATION SIGN} as fast"
    assert "browser webgl" in answer.evidence
    assert why in answer.evidence
