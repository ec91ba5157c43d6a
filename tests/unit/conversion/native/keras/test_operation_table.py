"""Each operation and each activation function that Keras has and layers of TensorFlow.js can compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.conversion.native.keras.answering import answers
from tests.unit.conversion.native.keras.arithmetic import ACTIVATIONS
from tests.unit.conversion.native.keras.files import converted, dense, layer, numbers
from tests.unit.conversion.native.keras.operating import Operation, RefusedOperation
from tests.unit.conversion.native.keras.rows import SPELLINGS, Row, written
from tests.unit.conversion.native.keras.rows_convolution import signed
from tests.unit.conversion.native.keras.rows_operations import COMPOSED, REFUSED, RENAMED, ROWS, hard_sigmoid
from workflow.base.errors import DeclinedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Config
    from tests.unit.conversion.native.keras.operating import Spelling


def titled(value: object) -> str:
    if isinstance(value, Operation):
        return value.about
    return value.words if isinstance(value, RefusedOperation) else type(value).__name__


@pytest.mark.parametrize(("row", "spelling"), [(row, one) for row in ROWS for one in row.spellings], ids=titled)
def test_an_operation_is_computed_by_layers(tmp_path: Path, row: Operation, spelling: Spelling) -> None:
    config, weights, notes = converted(spelling.written(row.shapes, tmp_path))
    found = [each["class_name"] for each in config["config"]["layers"] if each["class_name"] != "InputLayer"]
    assert found == row.becomes
    assert notes
    inputs = row.inputs()
    (answer,) = answers(config, weights, *inputs)
    np.testing.assert_allclose(answer, row.answer(*inputs), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("row", REFUSED, ids=titled)
def test_an_operation_that_no_layer_computes_is_declined_and_says_why(tmp_path: Path, row: RefusedOperation) -> None:
    with pytest.raises(DeclinedError) as caught:
        converted(row.spelling.written(row.shapes, tmp_path))
    assert row.words in caught.value.reason


FUNCTIONS = [
    *[
        (name, spelling, answer)
        for name, answer in ({**ACTIVATIONS, **COMPOSED, **RENAMED}).items()
        for spelling in SPELLINGS
    ],
    ("hard_sigmoid", "keras3", hard_sigmoid),
]
FUNCTIONS.remove(("hard_sigmoid", "keras3", ACTIVATIONS["hard_sigmoid"]))  # Keras 3 computes another one


@pytest.mark.parametrize("own", [True, False], ids=["alone", "in a Dense"])
@pytest.mark.parametrize(
    ("name", "spelling", "function"), FUNCTIONS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_activation_function_is_the_one_of_that_keras(
    tmp_path: Path, name: str, spelling: str, function: Callable[[Array], Array], *, own: bool
) -> None:
    kernel, bias = signed(3, 3), numbers(3) - 1
    entry = layer("Activation", "x", activation=name) if own else dense("x", 3, activation=name)
    arrays = {} if own else {"kernel": kernel, "bias": bias}
    row = Row(name, entry, [(4, 3)], [], lambda x: function(x if own else x @ kernel + bias), arrays)
    config, weights, _ = converted(written(row, spelling, tmp_path))
    inputs = row.inputs()
    np.testing.assert_allclose(answers(config, weights, *inputs)[0], row.answer(*inputs), rtol=1e-6, atol=1e-6)


LAYERS: list[tuple[Config, Config, Callable[[Array], Array]]] = [
    (layer("LeakyReLU", "l", alpha=0.1), {"negative_slope": 0.1}, lambda x: np.where(x > 0, x, 0.1 * x)),
    (layer("ReLU", "l", max_value=1.0), {"max_value": 1.0}, lambda x: np.clip(x, 0, 1)),
    (layer("ELU", "l", alpha=0.5), {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("held", "keras3", "function"), LAYERS, ids=["LeakyReLU", "ReLU", "ELU"])
def test_a_layer_given_as_an_activation_function_becomes_a_layer(
    tmp_path: Path, held: Config, keras3: Config, function: Callable[[Array], Array], spelling: str
) -> None:
    entry = dense("x", 2, activation={"class_name": held["class_name"], "config": held["config"]})
    later = {"activation": {"class_name": held["class_name"], "config": {"name": "l", **keras3}}}
    arrays = {"kernel": signed(3, 2), "bias": numbers(2)}
    row = Row("", entry, [(3,)], [], lambda x: function(x @ signed(3, 2) + numbers(2)), arrays, keras3=later)
    config, weights, notes = converted(written(row, spelling, tmp_path))
    assert (
        f"x: its activation {held['class_name']} is a layer of its own, for TensorFlow.js has no such activation"
        in notes
    )
    inputs = row.inputs()
    np.testing.assert_allclose(answers(config, weights, *inputs)[0], row.answer(*inputs), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("function", [{"class_name": "Mine", "config": {}}, "mine>act", 3, "exponential"])
def test_an_activation_function_of_ones_own_is_declined(tmp_path: Path, function: object) -> None:
    row = Row("", dense("x", 2, activation=function), [(3,)], [], abs, {"kernel": signed(3, 2), "bias": numbers(2)})
    shown = function["class_name"] if isinstance(function, dict) else function
    with pytest.raises(DeclinedError) as caught:
        converted(written(row, "keras2", tmp_path))
    assert caught.value.reason == f"layer 'x' (Dense): TensorFlow.js has no activation function {str(shown)!r}"
