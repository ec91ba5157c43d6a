"""What the tests of the native engine share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.conversion.native.models import Stored, save

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path, dice: np.random.Generator) -> Path:
    """A layers model with a kernel, a bias and an int32 weight, in files of 50 bytes."""
    weights = [
        Stored("dense/kernel", dice.standard_normal((5, 7)).astype("float32")),
        Stored("dense/bias", dice.standard_normal(7).astype("float32")),
        Stored("dense/steps", np.array([1, -2, 3], "int32")),
    ]
    return save(tmp_path / "small", [weights], cut=50)
