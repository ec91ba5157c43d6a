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
