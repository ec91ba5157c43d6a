from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import store

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = {"a": {"key": "1", "parts": {"x": 1}}, "said": {"shown": ["one", "two", "three"]}, "gone": 1}
AFTER = {"a": {"key": "2", "parts": {"x": 1}}, "said": {"shown": ["one", "2", "three"]}, "new": {"y": None}}
CHANGED = [
    'a > key: "1" -> "2"',
    "said > shown:",
    "    - two",
    "    + 2",
    "gone: 1 -> (nothing)",
    'new: (nothing) -> {"y": null}',
]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FOLDER", tmp_path)


def test_every_difference_has_its_place_and_both_values_and_lines_a_diff() -> None:
    assert store.differences(BEFORE, AFTER) == CHANGED
    assert store.differences(BEFORE, BEFORE) == []


def test_another_order_of_the_same_steps_is_no_difference_and_other_text_in_them_is() -> None:
    assert store.differences({"a": 1, "b": 2}, {"b": 2, "a": 1}) == []
    assert store.differences({"a": ["x"]}, {"a": []}) == ['a: ["x"] -> []']


def test_what_is_written_is_told_and_read_again(tmp_path: Path) -> None:
    assert store.store("g.json", BEFORE)
    assert store.store("g.json", AFTER) == CHANGED
    assert store.stored("g.json") == AFTER
    before = (tmp_path / "g.json").stat().st_mtime_ns
    assert store.store("g.json", AFTER) == []
    assert (tmp_path / "g.json").stat().st_mtime_ns == before


def test_a_comparison_that_fails_says_what_and_how_to_mean_it() -> None:
    store.store("g.json", BEFORE)
    store.require_equal("g.json", BEFORE)
    with pytest.raises(AssertionError) as caught:
        store.require_equal("g.json", AFTER)
    for line in (*CHANGED, store.AGAIN):
        assert line in str(caught.value)
