from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.base.errors import ConversionError
from workflow.models.arrays import DTYPES
from workflow.models.quantization import affine, affine_blocks, encoded, extent, restored_blocks
from workflow.models.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]


def tensor(values: Array, name: str = "w") -> Tensor:
    return Tensor(name, values.shape, values.dtype.name)


def blocks(values: Array, size: int = 1 << 20) -> Any:
    def passing() -> Iterator[Array]:
        return (values[start : start + size] for start in range(0, values.size, size))

    return passing


def both_ways(values: Array, dtype: str, size: int = 1 << 20) -> tuple[Array, Array, dict[str, Any]]:
    """Return the codes, what they are restored to, and the manifest's field."""
    passing, field = encoded(tensor(values), blocks(values, size), dtype=dtype)
    assert field is not None
    codes = np.concatenate([block.copy() for block in passing])
    restored = restored_blocks(blocks(codes, size), field, tensor=tensor(values))
    return codes, np.concatenate(list(restored)), field


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shift", [-3.0, -0.5, 0.0, 0.5, 1000.0])
def test_a_restored_value_is_within_half_a_step(dice: np.random.Generator, dtype: str, shift: float) -> None:
    values = (dice.standard_normal(5000) + shift).astype("float32")
    _, near, field = both_ways(values, dtype)
    ulps = 3 * np.spacing(np.abs(values).max())
    assert np.abs(near.astype("float64") - values).max() <= field["scale"] / 2 + ulps


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_zero_inside_the_range_stays_exactly_zero(dice: np.random.Generator, dtype: str) -> None:
    values = np.append(dice.standard_normal(99), 0).astype("float32")
    assert both_ways(values, dtype)[1][-1] == 0


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
def test_blocks_give_the_same_as_the_whole(dice: np.random.Generator, dtype: str) -> None:
    values = dice.standard_normal(1000).astype("float32")
    whole, parts = both_ways(values, dtype), both_ways(values, dtype, size=7)
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])
    assert whole[2] == parts[2]


def test_a_constant_tensor_is_restored_exactly() -> None:
    codes, near, field = both_ways(np.full(5, 0.1, "float32"), "uint8")
    assert not codes.any()
    assert np.array_equal(near, np.full(5, 0.1, "float32"))
    assert field == {
        "dtype": "uint8",
        "min": float(np.array(0.1, "float32")),
        "scale": 1.0,
        "original_dtype": "float32",
    }


def test_an_empty_tensor_stays_as_it_is() -> None:
    passing, field = encoded(tensor(np.zeros(0, "float32")), blocks(np.zeros(0, "float32")), dtype="uint8")
    assert list(passing) == []
    assert field is None


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_by_name(dtype: str, bad: float) -> None:
    values = np.array([1, bad, 2], "float32")
    with pytest.raises(ConversionError, match=r"'conv/kernel' holds (nan|-?inf)"):
        list(encoded(tensor(values, "conv/kernel"), blocks(values), dtype=dtype)[0])


@pytest.mark.parametrize("large", [65520.0, -70000.0, 3e38])
def test_float16_refuses_what_it_cannot_hold_by_name_and_value(large: float) -> None:
    values = np.array([1, large, 2], "float32")
    with pytest.raises(ConversionError, match=r"'conv/kernel' holds .*(65520|-70000|3e\+38)"):
        list(encoded(tensor(values, "conv/kernel"), blocks(values), dtype="float16")[0])


def test_float16_takes_what_just_rounds_down() -> None:
    assert both_ways(np.array([65519.0], "float32"), "float16")[1][0] == 65504


def test_a_range_below_the_smallest_normal_float_survives() -> None:
    values = np.array([0, 1e-44, 5e-45], "float32")  # the reference divides by zero here
    assert np.array_equal(both_ways(values, "uint8")[1], values)


def test_a_range_wider_than_float32_survives() -> None:
    values = np.array([-3.39e38, 0, 3.39e38], "float32")
    assert np.allclose(both_ways(values, "uint16")[1] / 3.39e38, [-1, 0, 1], atol=1e-4)


def test_float16_refuses_a_tensor_of_which_nothing_would_be_left() -> None:
    values = np.array([0, -1e-10], "float32")
    with pytest.raises(ConversionError, match="'w' holds at most 1e-10, and float16 makes zero of that"):
        list(encoded(tensor(values), blocks(values), dtype="float16")[0])


def test_a_range_at_the_edge_of_float32_survives() -> None:
    values = np.array([-3.4028e38, 0, 3.4e38], "float32")
    codes, _, field = both_ways(values[:2], "uint8")
    assert list(codes) == [0, 255]
    assert affine(extent(blocks(values), "w"), "uint8").work is np.float64
    assert field["scale"] < 2e36


def test_whole_numbers_are_rounded_as_javascript_rounds() -> None:
    codes = np.arange(6, dtype="uint8")
    field = {"dtype": "uint8", "min": -1.5, "scale": 0.5}
    got = np.concatenate(list(restored_blocks(blocks(codes), field, tensor=Tensor("w", (6,), "int32"))))
    assert list(got) == [-1, -1, 0, 0, 1, 1]
    assert got.dtype == DTYPES["int32"]


@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e300), ("int32", 1e10), ("float32", 10**400)])
def test_numbers_that_cannot_be_restored_are_refused(dtype: str, scale: float) -> None:
    field = {"dtype": "uint8", "min": 0, "scale": scale}
    with pytest.raises(ConversionError, match="'w' is quantized with min 0"):
        list(restored_blocks(blocks(np.array([0, 255], "uint8")), field, tensor=Tensor("w", (2,), dtype)))


def test_a_table_and_arithmetic_restore_the_same(dice: np.random.Generator) -> None:
    codes = dice.integers(0, 256, 300).astype("uint8")
    field = {"dtype": "uint8", "min": -0.7123, "scale": 0.0031}
    long = np.concatenate(list(restored_blocks(blocks(codes), field, tensor=Tensor("w", (300,), "float32"))))
    short = [
        next(restored_blocks(blocks(codes[i : i + 1]), field, tensor=Tensor("w", (1,), "float32")))[0]
        for i in range(300)
    ]
    assert list(long) == short


def test_codes_are_the_dtype_that_the_field_names() -> None:
    values = np.array([0, 1], "float32")
    numbers = affine(extent(blocks(values), "w"), "uint16")
    assert [list(block) for block in affine_blocks(blocks(values), numbers)] == [[0, 65535]]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1e5, "weight 'w' holds 100000.0, and float16 ends at 65504: it would become infinity"),
        (1e-9, "weight 'w' holds at most 1e-09, and float16 makes zero of that"),
    ],
)
def test_what_is_no_half_float_says_what_to_do(value: float, words: str) -> None:
    values = np.array([value], "float32")
    with pytest.raises(ConversionError) as caught:
        list(encoded(tensor(values), blocks(values), dtype="float16")[0])
    assert caught.value.message == words
    assert caught.value.hint == "Leave that weight out of quantize_float16, or name it in quantize_uint16."


def test_what_is_not_finite_says_what_to_do() -> None:
    values = np.array([1, np.nan], "float32")
    with pytest.raises(ConversionError) as caught:
        extent(blocks(values), "w")
    assert caught.value.message == "weight 'w' holds nan, and quantization would spread it over the whole weight"
    assert caught.value.hint == (
        "A model with such a weight does not predict: look at its training; or leave the weight out."
    )
    field = {"dtype": "uint8", "min": 0, "scale": 1e300}
    with pytest.raises(ConversionError) as caught:
        list(restored_blocks(blocks(np.array([9], "uint8")), field, tensor=Tensor("w", (1,), "float32")))
    assert caught.value.message == (
        "weight 'w' is quantized with min 0 and scale 1e+300, which gives numbers that float32 cannot hold"
    )
    assert caught.value.hint == "The manifest is damaged: convert the model again."
