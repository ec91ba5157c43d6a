from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workflow.base.errors import ConversionError
from workflow.conversion.native.quantization_plans import literal, make_plan, requested
from workflow.models.arrays import of_array
from workflow.models.tensors import Tensor

NAMES = ("conv1/kernel", "conv1/bias", "conv2/kernel", "dense/kernel")


def weights(*names: str, dtype: str = "float32", size: int = 10) -> list[Tensor]:
    return [of_array(name, (size,), dtype=dtype, read=lambda: np.zeros(size, dtype)) for name in names]


def planned(requests: dict[str, list[str]], **kept: str) -> dict[str, str]:
    return dict(make_plan(weights(*NAMES), requests, kept=kept).dtypes)


def test_patterns_catch_names_across_slashes() -> None:
    assert planned({"uint8": ["conv*kernel"]}) == {"conv1/kernel": "uint8", "conv2/kernel": "uint8"}


def test_a_star_alone_takes_what_other_dtypes_leave() -> None:
    assert planned({"uint8": ["*"], "float16": ["dense/*"]}) == {
        "conv1/kernel": "uint8",
        "conv1/bias": "uint8",
        "conv2/kernel": "uint8",
        "dense/kernel": "float16",
    }


def test_two_dtypes_for_one_weight_are_refused_with_both_patterns() -> None:
    with pytest.raises(ConversionError, match=r"'conv1/kernel' is caught by 'conv\*' for uint8 and by '\*kernel' for"):
        planned({"uint8": ["conv*"], "uint16": ["*kernel"]})


def test_patterns_of_one_dtype_may_overlap_and_count_each_weight_once() -> None:
    plan = make_plan(weights(*NAMES), {"uint8": ["conv*", "*kernel"]}, kept={})
    assert [row.names for row in plan.table] == [("conv1/kernel", "conv1/bias", "conv2/kernel"), ("dense/kernel",)]


def test_two_dtypes_for_everything_are_refused() -> None:
    with pytest.raises(ConversionError, match="all weights are to be quantized to uint8 and to float16"):
        planned({"uint8": ["*"], "float16": ["*"]})


@pytest.mark.parametrize(("glob", "near"), [("conv1/kernal", "conv1/kernel"), ("Dense*", "dense/kernel")])
def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_names(glob: str, near: str) -> None:
    with pytest.raises(ConversionError, match=r"quantize_uint8: .* matches none of the model's 4 weights") as caught:
        planned({"uint8": [glob]})
    assert near in caught.value.hint


def test_a_pattern_that_catches_only_whole_numbers_is_refused() -> None:
    with pytest.raises(ConversionError, match="catches nothing that can be quantized: 'steps' is int32"):
        make_plan(weights("steps", dtype="int32"), {"uint8": ["steps"]}, kept={})


def test_a_pattern_that_catches_only_what_a_word_keeps_is_refused() -> None:
    with pytest.raises(ConversionError, match=r"catches nothing .* 'conv1/bias' is kept"):
        make_plan(weights(*NAMES), {"uint8": ["*/bias"]}, kept={"conv1/bias": "is kept in float (biases)"})


def test_everything_may_find_nothing() -> None:
    assert not make_plan(weights("steps", dtype="int32"), {"uint8": ["*"]}, kept={}).dtypes


def test_the_table_says_what_was_caught_and_what_was_left_and_why() -> None:
    every = [*weights(*NAMES), *weights("steps", dtype="int32"), *weights("none", size=0)]
    facts = make_plan(every, {"uint8": ["*"]}, kept={"conv1/bias": "is kept"}).facts()
    assert facts == {
        "globs": [
            {
                "glob": "*",
                "dtype": "uint8",
                "quantized": ["conv1/kernel", "conv2/kernel", "dense/kernel"],
                "left": {
                    "is kept": ["conv1/bias"],
                    "is int32, and only float32 is quantized": ["steps"],
                    "is empty": ["none"],
                },
                "bytes_before": 120,
                "bytes_after": 30,
            }
        ]
    }


def test_everything_does_not_mean_the_optimizer() -> None:
    state = Tensor("adam/m", (2,), "float32", entry={"group": "optimizer"})
    plan = make_plan([*weights("a"), state], {"uint8": ["*"]}, kept={})
    assert dict(plan.dtypes) == {"a": "uint8"}
    assert make_plan([state], {"uint8": ["adam/*"]}, kept={}).dtypes == {"adam/m": "uint8"}


def test_what_is_spared_is_quantized_only_when_a_pattern_names_it() -> None:
    assert not make_plan(weights("eps"), {"uint8": ["*"]}, kept={}, spared={"eps": "is one number"}).dtypes
    assert make_plan(weights("eps"), {"uint8": ["e*"]}, kept={}, spared={"eps": "is one number"}).dtypes


@pytest.mark.parametrize("name", ["a[1]/k", "a*b", "what?", "[", "plain"])
def test_a_literal_pattern_catches_its_name_alone(name: str) -> None:
    plan = make_plan(weights(name, "a1/k", "aXb", "whatX"), {"uint8": [literal(name)]}, kept={})
    assert list(plan.dtypes) == [name]


def test_ten_thousand_literal_patterns_are_quick() -> None:
    names = [f"layer_{number}/kernel" for number in range(10_000)]
    assert len(make_plan(weights(*names), {"uint8": names}, kept={}).dtypes) == 10_000


def test_the_old_option_stands_for_all_weights() -> None:
    assert requested({"quantization_bytes": 1}) == {"uint8": ["*"]}
    assert requested({"quantization_bytes": 2}) == {"uint16": ["*"]}


def test_the_old_option_and_a_new_one_together_are_refused() -> None:
    options: dict[str, Any] = {"quantization_bytes": 1, "quantize_uint8": ["a"]}
    with pytest.raises(ConversionError, match="both given"):
        requested(options)


def test_every_reason_for_which_nothing_is_quantized_is_told() -> None:
    found = [*weights("a", "b"), *weights("c", dtype="int32"), *weights("d", size=0)]
    with pytest.raises(ConversionError) as caught:
        make_plan(found, {"uint8": ["[abcd]"]}, kept={"a": "is kept", "b": "is kept"})
    assert caught.value.message == (
        "quantize_uint8: '[abcd]' catches nothing that can be quantized: 'a', 'b' is kept; "
        "'c' is int32, and only float32 is quantized; 'd' is empty"
    )
    assert caught.value.hint == "Leave the pattern out."


def test_of_a_model_without_weights_no_name_is_near() -> None:
    with pytest.raises(ConversionError) as caught:
        make_plan([], {"uint8": ["dense"]}, kept={})
    assert caught.value.message == "quantize_uint8: 'dense' matches none of the model's 0 weights"
    assert caught.value.hint == "The model has no weights."
    with pytest.raises(ConversionError) as caught:
        planned({"uint8": ["conv1/kernal"]})
    assert caught.value.hint == (
        "The nearest names are 'conv1/kernel', 'conv2/kernel', 'conv1/bias'; `*` stands for any part of a name."
    )


def test_the_hints_say_what_to_change() -> None:
    for requests, hint in (
        (
            {"uint8": ["conv*"], "uint16": ["*kernel"]},
            ("Narrow one of the two patterns, so that each weight is caught for one dtype."),
        ),
        ({"uint8": ["*"], "float16": ["*"]}, "Give patterns for one of them."),
    ):
        with pytest.raises(ConversionError) as caught:
            planned(requests)
        assert caught.value.hint == hint
    with pytest.raises(ConversionError) as caught:
        requested({"quantization_bytes": 1, "quantize_uint8": ["*"]})
    assert (caught.value.message, caught.value.hint) == (
        "quantization_bytes and quantize_* are both given, and the first says it for all weights",
        "Leave quantization_bytes out.",
    )


def test_the_optimizers_weights_are_not_among_all_weights() -> None:
    (slot,) = weights("slot")
    found = [*weights("a"), slot.replaced(entry={"group": "optimizer"})]
    plan = make_plan(found, {"uint8": ["*"]}, kept={}, spared={"a": "is spared"})
    (row,) = plan.facts()["globs"]
    assert row == {
        "glob": "*",
        "dtype": "uint8",
        "quantized": [],
        "left": {"is spared": ["a"], "belongs to the optimizer": ["slot"]},
        "bytes_before": 0,
        "bytes_after": 0,
    }
    by_pattern = make_plan(found, {"uint8": ["slot"]}, kept={}, spared={"slot": "is spared"})
    assert dict(by_pattern.dtypes) == {"slot": "uint8"}
    assert (by_pattern.table[0].bytes_before, by_pattern.table[0].bytes_after) == (40, 10)
