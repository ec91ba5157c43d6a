"""The names of layers in a tree of models: outer layers keep theirs, inner ones with weights get others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.conversion.native.keras.files import dense, given, row
from workflow.conversion.native.keras.out_layers import LayerNames

if TYPE_CHECKING:
    from collections.abc import Iterable

INNER = row(given([None, 2], "begin"), dense("same", 2), dense("own", 2), name="inner")
NET = row(given([None, 3]), INNER, dense("same", 2), dense("same_1", 2), name="net")


def chosen(*asked: tuple[str, tuple[str, ...], Iterable[str], bool]) -> list[str]:
    names = LayerNames(NET)
    return [names.chosen(wanted, path, taken=taken, weighted=weighted) for wanted, path, taken, weighted in asked]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ([("same", (), (), True)], ["same"]),
        ([("same", ("inner",), (), True)], ["same_2"]),
        ([("same", ("inner",), (), False)], ["same"]),
        ([("own", ("inner",), (), True)], ["own"]),
        ([("own", (), (), True)], ["own_1"]),
        ([("new", (), (), True), ("new", ("inner",), (), True)], ["new", "new_1"]),
        ([("new", (), ("new",), False)], ["new_1"]),
        ([("new", (), ("new", "new_1"), False)], ["new_2"]),
        ([("same", ("inner",), ("same_2",), True)], ["same_3"]),
        ([("same", ("inner",), (), True), ("same", ("inner", "deep"), (), True)], ["same_2", "same_3"]),
    ],
)
def test_a_name_that_is_taken_is_counted_on(asked: Any, wanted: list[str]) -> None:
    assert chosen(*asked) == wanted
