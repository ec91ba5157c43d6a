"""The bytes of tensors as numbers, and arrays as bytes: nothing is lost, and what does not fit is said."""

from __future__ import annotations

import numpy as np
import pytest

from workflow.base.errors import ConversionError
from workflow.models.arrays import of_array, passes, whole
from workflow.models.tensors import Tensor


def test_a_tensor_without_elements_is_an_empty_array() -> None:
    empty = of_array("w", (0, 3), dtype="float32", read=lambda: np.zeros((0, 3), np.float32))
    found = whole(empty)
    assert found.shape == (0,)
    assert found.dtype == np.float32


def test_all_values_of_a_tensor_are_read_whatever_blocks_they_come_in() -> None:
    blocks = [np.arange(3, dtype="<i4"), np.arange(3, 5, dtype="<i4")]
    tensor = Tensor("w", (5,), "int32", lambda: lambda: iter([block.view(np.uint8).data for block in blocks]))
    assert whole(tensor).tolist() == [0, 1, 2, 3, 4]


def test_text_is_stored_with_its_lengths() -> None:
    texts = np.array(["a", b"bc", "ä"], dtype=object)
    tensor = of_array("w", (3,), dtype="string", read=lambda: texts)
    stored = b"\1\0\0\0a" + b"\2\0\0\0bc" + b"\2\0\0\0" + "ä".encode()
    assert whole(tensor).tobytes() == stored


def test_text_that_is_none_is_refused() -> None:
    tensor = of_array("w", (1,), dtype="string", read=lambda: np.array([3], dtype=object))
    with pytest.raises(ConversionError, match="a text weight holds int"):
        whole(tensor)


@pytest.mark.parametrize(
    ("values", "dtype", "shown"),
    [
        (np.array([1, 2**40]), "int32", "1099511627776, which int32 cannot hold"),
        (np.array([1.0, 1e300]), "float32", r"1e\+300, which float32 cannot hold"),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    values: np.ndarray[tuple[int], np.dtype[np.generic]], dtype: str, shown: str
) -> None:
    tensor = of_array("w", (2,), dtype=dtype, read=lambda: values)
    with pytest.raises(ConversionError, match=f"weight 'w' holds {shown}"):
        whole(tensor)


def test_infinity_stays_infinity_in_a_narrower_dtype() -> None:
    values = np.array([np.inf, -np.inf, np.nan])
    found = whole(of_array("w", (3,), dtype="float32", read=lambda: values))
    np.testing.assert_array_equal(found, values.astype(np.float32))


def test_an_array_of_another_shape_than_announced_is_refused() -> None:
    with pytest.raises(ConversionError, match=r"has the shape \(3,\), and \(2,\) was announced"):
        passes(np.zeros(3, np.float32), Tensor("w", (2,), "float32"))
