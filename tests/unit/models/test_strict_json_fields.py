"""The bounds of what a model's description may say, each at its edge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.models.strict_json import At

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE = At(Path("model.json"), (("node 3", "conv"), ("attr", None)), "Convert it again.")
PASSING: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (PLACE.as_text, "x" * 16_384, "x" * 16_384),
    (PLACE.as_number, 3, 3.0),
    (PLACE.as_number, -1.5, -1.5),
    (PLACE.as_whole, 2**70, 2**70),
    (PLACE.as_whole, "-1", -1),
    (PLACE.as_whole, "12345678901234567890", 12345678901234567890),
    (PLACE.as_sizes, [1] * 254, (1,) * 254),
    (PLACE.as_sizes, [2**53], (2**53,)),
    (PLACE.as_sizes, [2**52, 2], (2**52, 2)),
    (PLACE.as_sizes, [0, 2**53], (0, 2**53)),
    (PLACE.as_sizes, [], ()),
    (PLACE.as_list, [1], [1]),
    (PLACE.as_object, {"a": 1}, {"a": 1}),
]
REFUSED: list[tuple[Callable[[Any], Any], Any, str]] = [
    (PLACE.as_text, "x" * 16_385, "is text of 16,385 characters, and no name is so long"),
    (PLACE.as_text, None, "is null, not text"),
    (PLACE.as_number, True, "is true or false, not a number"),
    (PLACE.as_number, "1", "is text, not a number"),
    (PLACE.as_number, float("inf"), "is a number too large for any use"),
    (PLACE.as_number, 10**400, "is a number too large for any use"),
    (PLACE.as_whole, True, "is true or false, not a whole number"),
    (PLACE.as_whole, 1.0, "is a number, not a whole number"),
    (PLACE.as_whole, "--1", "is '--1', not a whole number"),
    (PLACE.as_whole, "-", "is '-', not a whole number"),
    (PLACE.as_whole, "²", "is '²', not a whole number"),
    (PLACE.as_whole, "123456789012345678901", "is '123456789012345678901', not a whole number"),
    (PLACE.as_sizes, [1] * 255, "has 255 dimensions"),
    (PLACE.as_sizes, [-1], "has a shape that is not made of whole numbers that a tensor can have"),
    (PLACE.as_sizes, [2**53 + 1], "has a shape that is not made of whole numbers that a tensor can have"),
    (PLACE.as_sizes, [2**52, 3], "has a shape with more elements than any tensor"),
    (PLACE.as_sizes, [0, 2**52, 3], "has a shape with more elements than any tensor"),
    (PLACE.as_list, {}, "is an object, not a list"),
    (PLACE.as_object, [], "is a list, not an object"),
]


def titled(value: object) -> str:
    return getattr(value, "__name__", str(value)[:30])


@pytest.mark.parametrize(("read", "value", "wanted"), PASSING, ids=titled)
def test_what_is_within_bounds_is_read(read: Callable[[Any], Any], value: Any, wanted: Any) -> None:
    found = read(value)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(("read", "value", "problem"), REFUSED, ids=titled)
def test_what_is_beyond_them_is_refused_with_its_place(read: Callable[[Any], Any], value: Any, problem: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        read(value)
    assert caught.value.message == f"model.json: node 3 'conv', attr {problem}"
    assert caught.value.hint == "Convert it again."


def test_a_place_inside_another_is_told_after_it() -> None:
    assert PLACE.inside("dim 2").inside("size", "x").bad("is odd").message == (
        "model.json: node 3 'conv', attr, dim 2, size 'x' is odd"
    )
