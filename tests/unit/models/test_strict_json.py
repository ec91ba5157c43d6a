"""The bounds of JSON that is read, at their edges."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.models.strict_json import JsonDocument, read_object, require_shallow

if TYPE_CHECKING:
    from pathlib import Path


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value, "b": "text"}
    return value


def test_a_hundred_levels_are_walked_and_one_more_is_not() -> None:
    require_shallow(nested(100), "model.json")
    with pytest.raises(ModelFileError) as caught:
        require_shallow(nested(101), "model.json")
    assert caught.value.message == "model.json is nested too deeply for a model"
    assert caught.value.hint == "Write or fetch the file again; it is one JSON object in UTF-8."
    with pytest.raises(ModelFileError) as caught:
        require_shallow(nested(101), "x", hint="Cut it.")
    assert caught.value.hint == "Cut it."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[1]", "it holds a list, not an object"),
        (b"[]", "it holds a list, not an object"),
        (b'{"a": \xff}', "is not JSON in UTF-8: byte 0xff at offset 6"),
        (b"{} x", "is not JSON: Extra data at line 1, column 4"),
        (b'{"a": 1, }', "line 1, column 10"),
        (b'{"a": 1', "is cut short: its JSON ends too early"),
        (b'{"a": NaN}', "holds NaN, which is no JSON: browsers refuse it"),
        (b'{"a": -Infinity}', "holds -Infinity, which is no JSON: browsers refuse it"),
    ],
)
def test_what_is_no_json_object_is_refused_with_the_place_of_the_fault(
    text: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(text)
    with pytest.raises(ModelFileError) as caught:
        read_object(path, "a layers model")
    assert message in caught.value.message
    assert caught.value.message.startswith(str(path))


def text_of(branches: int, commas: int, size: int) -> bytes:
    body = b"[" + b"{}," * branches + b"1," * commas + b"1]"
    return b'{"a": ' + body + b" " * (size - len(body) - 7) + b"}"


def test_the_cost_of_a_text_is_reckoned_from_16_mib_on_by_its_branches_and_values(tmp_path: Path) -> None:
    """A text of 16 MiB may hold so many branches that it takes 1.5 GiB, and no more."""
    path = tmp_path / "model.json"
    most, size = (3 << 29), 60 << 20
    commas = (most - size - 2 * 72) // 40
    path.write_bytes(text_of(0, commas + 1, size))
    with pytest.raises(ModelFileError, match=r"would take 1\.5 GiB to read: it is no model's"):
        read_object(path, "a model")


def test_what_is_made_of_a_document_is_made_once_under_each_name() -> None:
    document = JsonDocument({"a": 1})
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    for name in ("one", "other", "one"):
        assert document.once(name, partial(make, name)) == name
    assert made == ["one", "other"]
