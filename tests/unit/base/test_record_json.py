"""Records that are JSON elsewhere: what they take, what they refuse and where, and what their schema says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import jsonschema
import pytest

from workflow.base.record_json import Finite, JsonRecord, MalformedError, json_schema


class Leaf(JsonRecord):
    """A part."""

    size: Finite
    word: Literal["one", "two"] = "one"


class Tree(JsonRecord):
    """A whole.

    With a second line.
    """

    name: str
    leaves: tuple[Leaf, ...] = ()
    best: Leaf | None = None
    by_name: Mapping[str, int] = {}
    mixed: float | str = "none"
    described: Annotated[bool, "what it says"] = True
    whatever: Any = None


class Loose(JsonRecord):
    """Takes what it knows."""

    lenient = True

    name: str
    count: int = 3


WHOLE = Tree("t", (Leaf(1.0), Leaf(2.5, "two")), Leaf(3.0), {"a": 1}, mixed=0.5, whatever={"deep": [1]})


def test_a_record_is_what_its_json_is() -> None:
    told = json.loads(json.dumps(WHOLE.as_json()))
    assert Tree.from_json(told) == WHOLE
    jsonschema.validate(told, json_schema(Tree))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 3}, "name: it should be text"),
        ({"leaves": {}}, "leaves: it should be a list"),
        ({"leaves": [{"size": 1}, {"size": True}]}, "leaves, 1, size: it should be a number"),
        ({"leaves": [{"size": 1, "word": "three"}]}, "leaves, 0, word: it should be 'one' or 'two'"),
        ({"leaves": [{"size": float("nan")}]}, "leaves, 0, size: it should be finite"),
        ({"best": {}}, "best, size: it is missing"),
        ({"best": []}, "best: it should be an object"),
        ({"by_name": {"a": 1.5}}, "by_name, a: it should be a whole number"),
        ({"by_name": {"a": 2**70}}, "by_name, a: it is too large"),
        ({"mixed": None}, "mixed: it should be text"),
        ({"described": 1}, "described: it should be true or false"),
        ({"strange": 1}, "strange: there is no such key"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change: dict[str, Any], said: str) -> None:
    told = WHOLE.as_json() | change
    with pytest.raises(MalformedError) as caught:
        Tree.from_json(told)
    assert str(caught.value) == said
    if said.rpartition(": ")[2] not in ("it should be finite", "it is too large"):  # JSON Schema has no words for those
        assert not jsonschema.Draft202012Validator(json_schema(Tree)).is_valid(told)


def test_whole_numbers_are_numbers_and_become_such() -> None:
    found = Leaf.from_json({"size": 2})
    assert type(found.size) is float


def test_a_lenient_record_passes_over_other_keys_and_takes_null_for_what_has_a_default() -> None:
    assert Loose.from_json({"name": "n", "count": None, "other": 1}) == Loose("n", 3)
    with pytest.raises(MalformedError, match="name: it should be text"):
        Loose.from_json({"name": None})
    with pytest.raises(MalformedError, match="name: it is missing"):
        Loose.from_json({"count": 1})


def test_a_schema_has_each_part_once_with_what_its_docstring_and_its_fields_say() -> None:
    schema = json_schema(Tree)
    assert list(schema["$defs"]) == ["Leaf"]
    assert schema["description"] == "A whole.\n\nWith a second line."
    assert schema["properties"]["described"] == {
        "default": True,
        "description": "what it says",
        "title": "Described",
        "type": "boolean",
    }
    assert schema["properties"]["best"] == {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"type": "null"}], "default": None}
    assert schema["$defs"]["Leaf"]["required"] == ["size"]


class Odd(JsonRecord):
    """One of each kind that is left."""

    only: Literal["x"]
    digit: Literal[1, 2] = 1
    loose: Loose | None = None
    table: Mapping[str, tuple[int, ...]] = {}
    anything: Mapping[str, Any] = {}
    two_words: int | None = None
    nothing: None = None


def test_a_schema_is_what_it_is_to_the_letter() -> None:
    assert json_schema(Odd) == {
        "$defs": {
            "Loose": {
                "additionalProperties": True,
                "description": "Takes what it knows.",
                "properties": {
                    "name": {"title": "Name", "type": "string"},
                    "count": {"default": 3, "title": "Count", "type": "integer"},
                },
                "required": ["name"],
                "title": "Loose",
                "type": "object",
            }
        },
        "additionalProperties": False,
        "description": "One of each kind that is left.",
        "properties": {
            "only": {"const": "x", "title": "Only", "type": "string"},
            "digit": {"default": 1, "enum": [1, 2], "title": "Digit", "type": "integer"},
            "loose": {"anyOf": [{"$ref": "#/$defs/Loose"}, {"type": "null"}], "default": None},
            "table": {
                "additionalProperties": {"items": {"type": "integer"}, "type": "array"},
                "default": {},
                "title": "Table",
                "type": "object",
            },
            "anything": {"additionalProperties": True, "default": {}, "title": "Anything", "type": "object"},
            "two_words": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None, "title": "Two Words"},
            "nothing": {"default": None, "title": "Nothing", "type": "null"},
        },
        "required": ["only"],
        "title": "Odd",
        "type": "object",
    }
    assert "required" not in json_schema(Bare)
    assert json_schema(Bare)["$defs"] == {}


class Bare(JsonRecord):
    """Nothing need be said."""

    word: str = ""


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], "it should be an object"),
        ({}, "only: it is missing"),
        ({"only": "y"}, "only: it should be 'x'"),
        ({"only": "x", "digit": True}, "digit: it should be 1 or 2"),
        ({"only": "x", "digit": 1.0}, "digit: it should be 1 or 2"),
        ({"only": "x", "table": []}, "table: it should be an object"),
        ({"only": "x", "table": {"a": [1], "b": [1, "2"]}}, "table, b, 1: it should be a whole number"),
        ({"only": "x", "table": {"a": [2**63]}}, "table, a, 0: it is too large"),
        ({"only": "x", "table": {"a": [-(2**63)]}}, "table, a, 0: it is too large"),
        ({"only": "x", "nothing": 0}, "nothing: it should be null"),
        ({"only": "x", "two_words": "1"}, "two_words: it should be a whole number"),
    ],
)
def test_what_is_odd_is_refused_with_its_place(told: Any, said: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Odd.from_json(told)
    assert str(caught.value) == said
    place, _, what = said.rpartition(": ")
    assert (caught.value.what, caught.value.place) == (what, tuple(place.split(", ")) if place else ())


def test_numbers_up_to_two_to_the_63rd_are_taken_and_lists_become_tuples() -> None:
    most = 2**63 - 1
    found = Odd.from_json({"only": "x", "digit": 2, "table": {"a": [most, -most]}, "anything": {"b": [1]}})
    assert (found.digit, found.table, found.anything) == (2, {"a": (most, -most)}, {"b": [1]})
    assert found.as_json()["table"] == {"a": [most, -most]}
