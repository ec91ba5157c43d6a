"""What two configurations say of a layer: options that decide what is computed, whatever the answers show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.conversion.native.keras.files import given, layer, numbers, row, whole_file
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native.keras.to_layers import keras_to_layers
from workflow.verification import configurations
from workflow.verification.requests import Subject
from workflow.verification.weights_by_layer import WeightedLayer as Layer

if TYPE_CHECKING:
    from pathlib import Path


def gru(epsilon: float) -> dict[str, Any]:
    return {"class_name": "GRU", "config": {"epsilon": epsilon}}


STACKED = {"class_name": "StackedRNNCells", "config": {"cells": [gru(1e-3), gru(2)]}}


def compared(folder: Path, config: Any, changed: Any, weights: Any = ()) -> list[str]:
    """Return what is found between a model and what is made of it when one thing in it is other."""
    made = []
    for name, each in (("one", config), ("other", changed)):
        source = whole_file(folder / f"{name}.h5", each, dict(weights))
        keras_to_layers(Job(source, "keras", folder / name, "tfjs_layers_model", {}, Silent()))
        made.append(Subject(folder / name, "tfjs_layers_model"))
    return [finding.text for finding in configurations.check(*made)]


def of_layer(class_name: str, **options: Any) -> Any:
    return row(given([None, 4, 4, 2]), layer(class_name, "a", **options))


@pytest.mark.parametrize(
    ("class_name", "option", "values"),
    [
        ("LeakyReLU", "alpha", (0.2, 0.3)),
        ("Permute", "dims", ([1, 3, 2], [2, 1, 3])),
        ("ReLU", "max_value", (6.0, None)),
        ("Activation", "activation", ("relu", "tanh")),
        ("MaxPooling2D", "data_format", ("channels_last", "channels_first")),
    ],
)
def test_an_option_that_decides_is_named_with_both_values(
    class_name: str, option: str, values: tuple[Any, Any], tmp_path: Path
) -> None:
    usual: dict[str, Any] = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"} if "Pool" in class_name else {}
    one, other = (of_layer(class_name, **usual, **{option: value}) for value in values)
    (text,) = compared(tmp_path, one, other)
    assert text == f"the layer a has {option}='{values[1]}', and '{values[0]}' in the source"
    (tmp_path / "same").mkdir()
    assert compared(tmp_path / "same", one, one) == []


def test_channels_that_come_to_stand_last_are_no_fault(tmp_path: Path) -> None:
    pool: dict[str, Any] = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
    first, last = (of_layer("MaxPooling2D", **pool, data_format=f"channels_{where}") for where in ("first", "last"))
    assert compared(tmp_path, first, last) == []


def test_a_mask_that_is_dropped_is_seen(tmp_path: Path) -> None:
    def words(*, mask_zero: bool) -> Any:
        return row(given([None, 5]), layer("Embedding", "a", input_dim=9, output_dim=4, mask_zero=mask_zero))

    weights = {"a": {"a/embeddings": numbers(9, 4)}}
    (text,) = compared(tmp_path, words(mask_zero=True), words(mask_zero=False), weights)
    assert text == "the layer a has mask_zero='False', and 'True' in the source"


def differing(option: str, theirs: Any, ours: Any, *, said: bool = True) -> list[str]:
    """Return what is found of a layer whose option is other, or which does not say it any more."""
    result: dict[str, Any] = {option: ours} if said else {}
    pair = Layer(("a",), "RNN", {option: theirs}, {}), Layer(("a",), "RNN", result, {})
    return [finding.text for finding in configurations._differing(*pair)]


@pytest.mark.parametrize(
    ("option", "theirs", "ours", "same"),
    [
        ("epsilon", float("nan"), float("nan"), True),
        ("epsilon", 10**400, 1e-3, False),
        ("epsilon", 10**400, 10**400, True),
        ("activation", {"class_name": "function", "config": "tanh"}, "tanh", True),
        ("activation", {"class_name": "function", "config": "tanh"}, "linear", False),
        ("activation", {"class_name": "LeakyReLU", "config": {}}, "linear", True),  # it is a layer of its own elsewhere
        ("backward_layer", gru(1e-3), gru(2e-3), False),
        ("cell", {"class_name": "StackedRNNCells", "config": {"cells": [gru(1e-3), gru(1)]}}, STACKED, False),
        ("cell", STACKED, STACKED, True),
        ("cell", STACKED, {"class_name": "StackedRNNCells", "config": {"cells": 3}}, True),
    ],
)
def test_values_of_every_kind_are_compared(option: str, theirs: Any, ours: Any, *, same: bool) -> None:
    assert (differing(option, theirs, ours) == []) is same


@pytest.mark.parametrize(("value", "same"), [(1e-3, True), (1e-5, False)])
def test_an_option_that_is_not_said_any_more_is_what_every_layer_does(value: float, *, same: bool) -> None:
    found = differing("epsilon", value, None, said=False)
    assert found == ([] if same else ["the layer a has epsilon='0.001', and '1e-05' in the source"])
