"""Each layer that Keras has and this package knows: what it becomes, with which weights, and that it answers the same.

A row holds a layer, the classes that it becomes, and in numpy what Keras computes. The result is run in numpy as
TensorFlow.js runs it, so a weight out of its order, an option lost or a layer wired wrongly gives another number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.conversion.native.keras import rows_convolution, rows_normalization, rows_plain, rows_recurrent
from tests.unit.conversion.native.keras.answering import answers
from tests.unit.conversion.native.keras.files import converted
from tests.unit.conversion.native.keras.rows import Refused, Row, written
from workflow.base.errors import DeclinedError
from workflow.conversion.native.keras.lowering import KNOWN
from workflow.models.keras.allowed import TABLES as ALLOWED
from workflow.models.keras.tree import OPERATION

if TYPE_CHECKING:
    from pathlib import Path

TABLES = [rows_convolution, rows_normalization, rows_plain, rows_recurrent]
ROWS = [(row, spelling) for table in TABLES for row in table.ROWS for spelling in row.spellings]
REFUSED = [(row, spelling) for table in TABLES for row in table.REFUSED for spelling in row.spellings]


def titled(value: object) -> str:
    if isinstance(value, Row):
        return value.about
    return f"{value.entry['class_name']}: {value.words}" if isinstance(value, Refused) else str(value)


@pytest.mark.parametrize(("row", "spelling"), ROWS, ids=titled)
def test_a_layer_answers_in_tensorflow_js_what_it_answers_in_keras(tmp_path: Path, row: Row, spelling: str) -> None:
    config, weights, _ = converted(written(row, spelling, tmp_path))
    found = [each["class_name"] for each in config["config"]["layers"] if each["class_name"] != "InputLayer"]
    assert found == row.becomes
    inputs = row.inputs()
    wanted = row.answer(*inputs)
    (answer,) = answers(config, weights, *inputs)
    assert answer.shape == np.shape(wanted)
    np.testing.assert_allclose(answer, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("row", "spelling"), REFUSED, ids=titled)
def test_a_layer_that_tensorflow_js_gets_wrong_is_declined_and_says_why(
    tmp_path: Path, row: Refused, spelling: str
) -> None:
    with pytest.raises(DeclinedError) as caught:
        converted(written(row, spelling, tmp_path))
    assert row.words in caught.value.reason
    assert caught.value.route == "graph"


def held_in(row: Row) -> set[str]:
    """Return the classes of what a layer holds."""
    waiting = [row.entry["config"].get(key) for key in ("layer", "cell")]
    found = set()
    for held in waiting:
        if isinstance(held, dict):
            found.add(held["class_name"])
            waiting += held["config"].get("cells", [])
        elif isinstance(held, list):
            waiting += held
    return found


def test_the_table_has_a_row_for_every_class_that_this_package_knows() -> None:
    rows = [row for row, _ in ROWS]
    shown = {row.entry["class_name"] for row in rows}.union(*map(held_in, rows))
    elsewhere = {"InputLayer", "Activation", OPERATION}  # every row, and the table of operations
    assert KNOWN - shown == elsewhere


def test_the_table_sees_every_class_of_the_allow_list_in_a_result() -> None:
    kept = {name for row, _ in ROWS for name in row.becomes}.union(*(held_in(row) for row, _ in ROWS))
    assert set(ALLOWED) - kept == {"InputLayer"}
