"""What was measured is kept and given back; what a file holds in its place is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.verification.measures.artifact_sizes import Payload, Sizes
from workflow.verification.measures.links import LINKS
from workflow.verification.measures.measured import Memory

if TYPE_CHECKING:
    from pathlib import Path

SIZES = Sizes(files=1, raw=30, gzip=20, brotli=10)
PAYLOAD = Payload(first=5, rest=(7, 7, 9))


def test_sizes_and_times_are_given_back_by_what_they_are_of(tmp_path: Path) -> None:
    path = tmp_path / "new" / "measures.json"
    memory = Memory(path)
    memory.keep_sizes("web", SIZES)
    memory.keep_seconds(LINKS[0], PAYLOAD, seconds=0.25)
    memory.save()
    again = Memory(path)
    assert (again.sizes("web"), again.sizes("other")) == (SIZES, None)
    assert again.seconds(LINKS[0], PAYLOAD) == 0.25
    assert again.seconds(LINKS[1], PAYLOAD) is None
    others = (Payload(5, (7, 7)), Payload(5, (7, 9, 7)), Payload(6, (7, 7, 9)))
    assert [again.seconds(LINKS[0], one) for one in others] == [None] * 3


def test_without_a_file_it_is_kept_until_the_end() -> None:
    memory = Memory(None)
    memory.keep_sizes("web", Sizes(files=1, raw=0, gzip=0, brotli=0))
    memory.save()
    assert memory.sizes("web") == Sizes(files=1, raw=0, gzip=0, brotli=0)


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        [],
        {},
        {"raw": 30},
        {**vars(SIZES), "more": 1},
        *({**vars(SIZES), "gzip": one} for one in (-1, 1.5, True, "1")),
    ],
)
def test_sizes_that_are_none_are_not_given_back(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "measures.json"
    path.write_text(json.dumps({"method": 2, "values": {"sizes web": value}}))
    assert Memory(path).sizes("web") is None


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1", '"1.0"', "null", "[]"])
def test_times_that_are_none_are_not_given_back(value: str, tmp_path: Path) -> None:
    path = tmp_path / "measures.json"
    memory = Memory(path)
    memory.keep_seconds(LINKS[0], PAYLOAD, seconds=0.25)
    memory.save()
    path.write_text(path.read_text().replace("0.25", value))
    assert Memory(path).seconds(LINKS[0], PAYLOAD) is None


def test_what_was_measured_in_another_way_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "measures.json"
    path.write_text(json.dumps({"method": 1, "values": {"sizes web": vars(SIZES)}}))
    assert Memory(path).sizes("web") is None
