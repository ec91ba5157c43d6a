from __future__ import annotations

import pickle
from typing import Any

import pytest

from workflow.base.records import Record


class Point(Record):
    x: int
    y: int = 0


class Named(Point):
    name: str = ""


class Same(Named):
    """Has no field of its own."""


def test_fields_are_given_by_place_or_name_and_defaults_may_be_left_out() -> None:
    assert Point(1) == Point(x=1, y=0) == Point(1, y=0)
    assert (Named(1, 2, "a").x, Named(1).y, Named(1, name="b").name) == (1, 0, "b")
    assert Same(1, 2, "a").name == "a"


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"x": 2}), ((1,), {"z": 2}), ((), {"y": 2})]
)
def test_too_few_too_many_and_unknown_fields_are_refused(values: Any, named: Any) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(*values, **named)


def test_records_do_not_change() -> None:
    point: Any = Point(1)
    for name in ("x", "z"):
        with pytest.raises(AttributeError, match="does not change"):
            setattr(point, name, 2)
    with pytest.raises(AttributeError, match="does not change"):
        del point.x
    assert point == Point(1)


def test_a_record_is_replaced_by_one_with_other_fields() -> None:
    assert Named(1, 2, "a").replaced(y=3) == Named(1, 3, "a")
    assert Named(1, 2, "a").as_dict() == {"x": 1, "y": 2, "name": "a"}
    with pytest.raises(TypeError, match="Named"):
        Named(1).replaced(z=1)


def test_records_are_equal_when_class_and_fields_are() -> None:
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert len({Point(1), Point(1, 0), Point(2), Named(1)}) == 3
    with pytest.raises(TypeError):
        hash(Named([], 1))  # type: ignore[arg-type]


def test_a_record_shows_its_fields_and_survives_pickling() -> None:
    assert repr(Named(1, name="a")) == "Named(x=1, y=0, name='a')"
    assert pickle.loads(pickle.dumps(Named(1, name="a"))) == Named(1, name="a")  # noqa: S301  our own bytes


def test_a_record_and_something_else_are_told_apart_with_a_plain_answer() -> None:
    other: Any
    for other in (Named(1), 1, None, (1, 0)):
        assert (Point(1) == other) is False
        assert (Point(1) != other) is True
