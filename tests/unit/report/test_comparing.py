from __future__ import annotations

from typing import Any

import pytest

from tests.unit.report.runs import full_check, full_run, place, run_of, step
from workflow.report.comparing import Change, compare
from workflow.report.run_reading import read_run


def changes(before: dict[str, object], after: dict[str, object]) -> dict[tuple[str, str], Change]:
    return {(each.step, each.figure): each for each in compare(read_run(before), read_run(after))}


def test_a_run_is_the_same_as_itself() -> None:
    assert {change.tendency for change in changes(full_run(), full_run()).values()} == {"same"}


def test_larger_differences_are_worse_and_quicker_predictions_better() -> None:
    before = run_of(step("web", "shard", full_check(1e-6, median=4.0)))
    after = run_of(step("web", "shard", full_check(1e-3, median=2.0)))
    found = changes(before, after)
    assert found["web", "node wasm difference"].tendency == "worse"
    assert found["web", "node wasm median"].tendency == "better"
    assert found["web", "node wasm median"].before == "4.0 ms"


def test_times_that_differ_by_noise_are_the_same() -> None:
    before = run_of(step("web", "shard", full_check(median=4.0)))
    after = run_of(step("web", "shard", full_check(median=4.4)))
    assert changes(before, after)["web", "node wasm median"].tendency == "same"


def test_a_place_that_stopped_passing_is_worse() -> None:
    lost = full_check()
    lost["runs"][1] = place("node", "wasm", 1.0, status="failed")
    found = changes(run_of(step("web", "shard", full_check())), run_of(step("web", "shard", lost)))
    assert found["web", "node wasm"].tendency == "worse"
    assert found["web", "verdict"].after == "failed"


def test_steps_of_one_run_alone_are_changes() -> None:
    found = changes(run_of(step("old", "shard", {})), run_of(step("new", "shard", {})))
    assert {(change.step, change.before, change.after) for change in found.values()} == {
        ("old", "there", "\N{EN DASH}"),
        ("new", "\N{EN DASH}", "there"),
    }


def test_sizes_and_accuracy_have_directions() -> None:
    smaller = step("web", "shard", full_check(), bytes={"before": 0, "after": 500})
    found = changes(run_of(step("web", "shard", full_check())), run_of(smaller))
    assert found["web", "size"].tendency == "better"
    worse = full_check()
    worse["runs"][1]["accuracy"] = {"source": 0.99, "result": 0.5}
    found = changes(run_of(step("web", "shard", full_check())), run_of(step("web", "shard", worse)))
    assert found["web", "accuracy"].tendency == "worse"


@pytest.mark.parametrize(
    ("before", "after", "tendency"),
    [
        ("passed", "incomplete", "worse"),
        ("passed", "failed", "worse"),
        ("incomplete", "failed", "worse"),
        ("failed", "incomplete", "better"),
        ("failed", "passed", "better"),
        ("incomplete", "incomplete", "same"),
    ],
)
def test_verdicts_are_in_an_order(before: Any, after: Any, tendency: str) -> None:
    record = read_run(run_of(step("web", "shard", full_check())))
    first, second = (record.replaced(steps=(record.steps[0].replaced(verdict=one),)) for one in (before, after))
    assert (compare(first, second)[0].figure, compare(first, second)[0].tendency) == ("verdict", tendency)
