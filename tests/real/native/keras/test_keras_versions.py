"""Files of Keras 3.0 to 3.15, shipped with the tests, right in TensorFlow.js or declined by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.real.native.keras.judging import Judge

pytestmark = pytest.mark.real

FILES = Path(__file__).resolve().parents[3] / "data" / "keras3"


def test_files_of_keras_3_are_right_in_tensorflow_js(judge: Judge) -> None:
    files = sorted(file for file in FILES.glob("*/m.*") if file.suffix in {".h5", ".keras"})
    verdicts = judge.judged({f"{file.parent.name}{file.suffix}": file for file in files})
    assert verdicts.wrong == {}
    assert set(verdicts.declined) == {"3.15-gru_after.h5"}
    assert "layer 'gru' (GRU): reset_after=True" in verdicts.declined["3.15-gru_after.h5"]
    assert len(verdicts.right) == len(files) - 1
