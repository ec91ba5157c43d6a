"""Which layers of a result stand for which of its source, although their names were changed."""

from __future__ import annotations

import pytest

from tests.unit.verification.layered import held
from workflow.verification.layer_pairs import paired

PAIRS: list[tuple[list[str], list[str], list[list[str]]]] = [
    (["dense", "dense_1"], ["dense", "dense_1"], [["dense"], ["dense_1"]]),
    (["dense_1", "dense"], ["dense", "dense_1"], [["dense_1"], ["dense"]]),
    (["resize"], ["resize_rows", "resize_columns", "resize"], [["resize_rows", "resize_columns", "resize"]]),
    (["conv", "conv_norm"], ["conv", "conv_norm_1"], [["conv"], ["conv_norm_1"]]),
    (["a:b", "_c"], ["a_b", "layer_c"], [["a_b"], ["layer_c"]]),
    (["a:b", "a_b"], ["a_b", "a_b_1"], [["a_b"], ["a_b_1"]]),
    (["dense", "inner/dense"], ["dense", "inner/dense_1"], [["dense"], ["inner/dense_1"]]),
    (["inner/dense", "other/dense"], ["inner/dense", "other/dense_1"], [["inner/dense"], ["other/dense_1"]]),
    (["dense"], ["other"], [[]]),
    (["a/b"], ["a/b"], [["a/b"]]),
]


@pytest.mark.parametrize(("sources", "results", "wanted"), PAIRS)
def test_layers_find_each_other_by_name_model_and_order(
    sources: list[str], results: list[str], wanted: list[list[str]]
) -> None:
    given = [[held("Dense", place, kernel=[[1.0]]) for place in places] for places in (sources, results)]
    found = paired(*given)
    assert [one.path for one, _ in found] == [tuple(place.split("/")) for place in sources]
    assert [["/".join(one.path) for one in results] for _, results in found] == wanted
