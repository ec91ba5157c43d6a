"""What may be a path in a recipe: how long it may be, and what it counts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow.recipe.paths import BadPathError, absolute


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a path cannot be empty"),
        (" \t", "a path cannot be empty"),
        ("a\0b", "a path cannot hold a zero byte"),
        ("a/" * 2000 + "b", "a path of 4001 characters is too long"),
        ("n" * 256, f"`{'n' * 60}...` has a name of more than 255 bytes, and no file has such"),
        ("a/" + "é" * 128, f"`a/{'é' * 58}...` has a name of more than 255 bytes, and no file has such"),
        ("~nobody_of_this_name/a", "`~nobody_of_this_name/a`: there is no such user here"),
    ],
)
def test_what_cannot_be_a_path_says_why(text: str, why: str) -> None:
    with pytest.raises(BadPathError) as caught:
        absolute(text, Path("/base"))
    assert str(caught.value) == why


@pytest.mark.parametrize("text", ["a/" * 1999 + "bc", "n" * 255, "é" * 127 + "n"])
def test_the_longest_paths_are_taken(text: str) -> None:
    assert absolute(text, Path("/base")) == Path("/base") / text


def test_paths_count_from_the_base_and_a_tilde_from_home() -> None:
    assert absolute("a/../b", Path("/base")) == Path("/base/b")
    assert absolute("/a", Path("/base")) == Path("/a")
    assert absolute("~/a", Path("/base")) == Path.home() / "a"
