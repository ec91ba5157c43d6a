"""Tensors as arrays: all values at once, whatever their number, and which arrays are stored as they are."""

from __future__ import annotations

import numpy as np
import pytest

from workflow.models.arrays import of_array, whole
from workflow.models.tensors import is_stored_as


@pytest.mark.parametrize("values", [[], [1.5, -2.0]], ids=["none", "some"])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_all_values_of_a_tensor_are_read_also_where_there_are_none(values: list[float], dtype: str) -> None:
    array = np.array(values, dtype).reshape(len(values), 1)
    found = whole(of_array("w", array.shape, dtype=dtype, read=lambda: array))
    assert found.tolist() == array.reshape(-1).tolist()
    assert found.shape == (len(values),)


@pytest.mark.parametrize(
    ("code", "dtype", "same"),
    [
        ("<f4", "float32", True),
        ("<i4", "int32", True),
        ("|b1", "bool", True),
        ("<c8", "complex64", True),
        ("|u1", "uint8", True),
        ("<u2", "uint16", True),
        (">f4", "float32", False),
        ("<f8", "float32", False),
        ("<f4", "int32", False),
        ("|O", "string", False),
    ],
)
def test_only_arrays_of_the_very_bytes_are_copied_as_they_are(code: str, dtype: str, *, same: bool) -> None:
    assert is_stored_as(code, dtype) is same
