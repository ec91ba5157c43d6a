from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.models import Stored, entries, numbers, rewrite, save
from workflow.base.errors import ConversionError
from workflow.conversion.native.quantization_goals import QuantizationGoal, automatic_plan, error_of, goal_from
from workflow.conversion.native.quantization_plans import make_plan
from workflow.models.arrays import arrays_of, of_array
from workflow.models.quantization import extent
from workflow.models.tensors import opened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.models.tensors import Tensor


def tensor(name: str, array: NDArray[Any]) -> Tensor:
    return of_array(name, array.shape, dtype="float32", read=lambda: array.astype("float32"))


@pytest.fixture
def weights(dice: np.random.Generator) -> list[Tensor]:
    """An even weight, one with an outlier, a large and a tiny one."""
    outlier = dice.standard_normal(400) * 0.01
    outlier[0] = 100
    return [
        tensor("even/kernel", dice.uniform(-1, 1, 400)),
        tensor("outlier/kernel", outlier),
        tensor("large/kernel", dice.uniform(-1, 1, 4000)),
        tensor("tiny/scale", dice.uniform(-1, 1, 3)),
    ]


def relative(exact: NDArray[Any], near: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean((near.astype("f8") - exact) ** 2) / np.mean(exact.astype("f8") ** 2)))


def test_every_weight_gets_the_smallest_dtype_within_the_error(weights: list[Tensor]) -> None:
    plan = automatic_plan(weights, QuantizationGoal(max_error=0.01), kept={})
    assert plan.dtypes["even/kernel"] == plan.dtypes["large/kernel"] == "uint8"
    assert "tiny/scale" not in plan.dtypes  # its entry in model.json would be longer than what it saves
    assert max(plan.facts()["errors"].values()) <= 0.01


def test_the_chosen_patterns_make_the_same_plan_again(weights: list[Tensor]) -> None:
    plan = automatic_plan(weights, QuantizationGoal(max_error=0.0001), kept={})
    globs = {name.removeprefix("quantize_"): globs for name, globs in plan.facts()["chosen"].items()}
    assert make_plan(weights, globs, kept={}).dtypes == plan.dtypes


def test_a_goal_in_bytes_takes_the_cheapest_bytes_first(weights: list[Tensor]) -> None:
    total = 4 * 4803
    plan = automatic_plan(weights, QuantizationGoal(max_bytes=total - 8000), kept={})
    assert set(plan.dtypes) == {"large/kernel"}
    assert plan.facts()["weight_bytes"] <= total - 8000


def test_a_goal_that_is_reached_already_changes_nothing(weights: list[Tensor]) -> None:
    assert not automatic_plan(weights, QuantizationGoal(max_bytes=10**9), kept={}).dtypes


def test_a_goal_that_cannot_be_reached_is_refused_with_what_can(weights: list[Tensor]) -> None:
    with pytest.raises(ConversionError, match="cannot be made smaller than 4,812 bytes, and max_bytes asks for 4,712"):
        automatic_plan(weights, QuantizationGoal(max_bytes=100), kept={})


def test_what_a_word_keeps_stays_in_float(weights: list[Tensor]) -> None:
    plan = automatic_plan(weights, QuantizationGoal(max_error=1), kept={"large/kernel": "is kept"})
    assert "large/kernel" not in plan.dtypes


def test_a_weight_with_infinity_is_refused_by_name() -> None:
    with pytest.raises(ConversionError, match="'a/kernel' holds inf"):
        automatic_plan([tensor("a/kernel", np.full(100, np.inf))], QuantizationGoal(max_error=1), kept={})


@pytest.mark.parametrize(
    "value", [{}, {"max_error": 0}, {"max_error": "x"}, {"max_bytes": -1}, {"max_error": 1, "max_bytes": 1}, {"a": 1}]
)
def test_a_goal_is_one_positive_number(value: dict[str, Any]) -> None:
    with pytest.raises(ConversionError, match="quantize auto"):
        goal_from(value)


def test_numbers_may_come_as_text() -> None:
    assert goal_from({"max_error": "0.01"}) == QuantizationGoal(max_error=0.01)


@pytest.mark.parametrize("most", [0.02, 0.002, 0.0001])
def test_the_written_model_keeps_the_error_that_was_asked_for(
    tmp_path: Path, dice: np.random.Generator, most: float
) -> None:
    made = {f"l{i}/kernel": (dice.standard_normal(500) ** i).astype("float32") for i in range(1, 6)}
    made["l1/bias"] = dice.standard_normal(500).astype("float32")
    source = save(tmp_path / "in", [[Stored(name, array) for name, array in made.items()]])
    facts = rewrite(source, tmp_path / "out", quantize_auto={"max_error": most})
    found = numbers(tmp_path / "out")
    assert all(relative(array, found[name]) <= most * 1.001 for name, array in made.items())
    assert np.array_equal(found["l1/bias"], made["l1/bias"])  # biases and normalisation stay in float by default
    assert facts["quantization"]["weight_bytes"] == facts["bytes"]


def test_weights_that_are_quantized_already_are_left_alone(tmp_path: Path, small: Path) -> None:
    rewrite(small, tmp_path / "first", quantize_uint8=["*"])
    facts = rewrite(tmp_path / "first", tmp_path / "second", quantize_auto={"max_error": 0.5})
    assert entries(tmp_path / "second") == entries(tmp_path / "first")
    assert facts["quantization"]["globs"] == []


def test_what_a_dtype_cannot_hold_is_an_error_without_end(weights: list[Tensor]) -> None:
    large = tensor("large", np.array([1e6, 123_456.7, 1.0]))
    blocks = arrays_of(opened(large), "float32")
    limits = extent(blocks, "large")
    assert error_of(blocks, limits, dtype="float16") == math.inf
    assert 0 < error_of(blocks, limits, dtype="uint16") < error_of(blocks, limits, dtype="uint8") < 1e-2
    zeros = arrays_of(opened(tensor("zeros", np.zeros(3))), "float32")
    assert error_of(zeros, extent(zeros, "zeros"), dtype="uint8") == 0.0
    small = automatic_plan(
        [tensor("a/kernel", np.full(100, 1e6) + np.arange(100))], QuantizationGoal(max_error=1e-3), kept={}
    )
    assert small.facts()["goal"] == {"max_error": 1e-3}
    wanted = QuantizationGoal(max_bytes=4 * 4803 - 8000)
    assert automatic_plan(weights, wanted, kept={}).facts()["goal"] == {"max_bytes": 4 * 4803 - 8000}


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ({}, "quantize auto has no goal", "Give one goal: max_error (such as 0.005) or max_bytes."),
        (
            {"max_error": 1, "max_bytes": 2},
            "quantize auto has max_error, max_bytes",
            "Give one goal: max_error (such as 0.005) or max_bytes.",
        ),
        ({"odd": 1}, "quantize auto has odd", "Give one goal: max_error (such as 0.005) or max_bytes."),
        ({"max_error": 0}, "quantize auto: max_error is 0, not a positive number", "Give a number."),
        ({"max_bytes": "much"}, "quantize auto: max_bytes is 'much', not a positive number", "Give a number."),
        ({"max_bytes": float("inf")}, "quantize auto: max_bytes is inf, not a positive number", "Give a number."),
        ({"max_error": None}, "quantize auto: max_error is None, not a positive number", "Give a number."),
    ],
)
def test_a_goal_that_is_none_is_refused(value: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ConversionError) as caught:
        goal_from(value)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_goal_is_one_number() -> None:
    assert goal_from({"max_error": "0.005"}) == QuantizationGoal(max_error=0.005)
    assert goal_from({"max_bytes": 1e3}) == QuantizationGoal(max_bytes=1000)
