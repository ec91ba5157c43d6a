"""What is written down of an environment, under which names, and what is read of what others have written."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import UsageError
from workflow.environment import state

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "0123456789abcdef" * 4
KNOWN = state.State("e", "/p", "conda", "3.8.20", "full", DIGEST, ("a", "b"), "2026", "1.0", "linux-64", "sick")


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *(("a", True), ("A.b_c-9", True), ("9", True), ("a" * 64, True), ("a" * 65, False), ("", False)),
        *(("a.", False), ("-a", False), (".a", False), ("_a", False), ("a b", False), ("a/b", False), ("a@b", False)),
        *(("é", False), ("a\n", False)),
    ],
)
def test_names_are_short_and_plain(text: str, tmp_path: Path, *, good: bool) -> None:
    assert state.is_name(text) is good
    if good:
        assert state.prefix(text) == state.folder() / text
        return
    with pytest.raises(UsageError) as caught:
        state.prefix(text)
    assert caught.value.message == f"{text!r} cannot be the name of an environment"
    assert caught.value.hint == "use up to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit"


def test_a_place_has_twelve_digits_of_the_locks_and_leads_back_to_its_name(tool_home: Path) -> None:
    place = state.place("tfjs", DIGEST)
    assert place == tool_home / "envs" / "tfjs@0123456789ab"
    assert state.name_of(place) == "tfjs"
    assert state.name_of(place.with_name("no name!")) == "no name!"
    assert state.log_path(place.name) == tool_home / "logs" / "env-tfjs@0123456789ab.log"


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        *(("a", ("a", "")), ("a@0f", ("a", "0f")), (f"a@{DIGEST}", ("a", DIGEST)), (f"a@{DIGEST}0", ("", ""))),
        *(("a@", ("", "")), ("a@0F", ("", "")), ("a.@0f", ("", "")), ("@0f", ("", "")), ("a@0f@1", ("", ""))),
    ],
)
def test_a_key_is_a_name_with_digits_or_without(key: str, parts: tuple[str, str]) -> None:
    assert state.split(key) == parts


def test_what_is_written_is_read_back_and_nothing_that_another_version_wrote(tmp_path: Path) -> None:
    state.write(tmp_path, KNOWN)
    assert state.read(tmp_path) == KNOWN
    assert state.exists(tmp_path)
    assert state.digest_of(tmp_path) == DIGEST
    path = tmp_path / ".tfjs-workflow.json"
    written = json.loads(path.read_text())
    assert written == {**asdict(KNOWN), "caveats": ["a", "b"], "format": 1}
    assert path.read_text() == f"{json.dumps(written, indent=2)}\n"
    changes: list[Any] = [{**written, "format": 2}, {**written, "more": 1}, {**written, "caveats": 3}, [], "x"]
    changes += [{name: value for name, value in written.items() if name != left} for left in ("name", "caveats")]
    for content in changes:
        path.write_text(json.dumps(content))
        assert state.read(tmp_path) is None
    path.write_text("{")
    assert state.read(tmp_path) is None
    assert state.digest_of(tmp_path) == ""
    state.erase(tmp_path)
    state.erase(tmp_path)
    assert not state.exists(tmp_path)


def test_a_note_beside_a_prefix_tells_of_which_locks_it_is_to_be_made(tmp_path: Path) -> None:
    prefix = tmp_path / "home" / "envs" / "e@0123"
    assert not state.stands(prefix)
    state.mark(prefix, DIGEST)
    assert state.is_marked(prefix)
    assert state.stands(prefix)
    note = tmp_path / "home" / "envs" / ".e@0123.tfjs-workflow.partial"
    assert note.read_text() == f"{os.getpid()}\n{DIGEST}\n"
    assert state.marked_name(note.name) == "e@0123"
    assert state.marked_name("e@0123") == ""
    assert state.digest_of(prefix) == DIGEST
    state.mark(prefix)
    assert note.read_text() == f"{os.getpid()}\n{DIGEST}\n"  # what it is to be made of is still known
    for content in (b"7", b"7\n", b"\xff"):
        note.write_bytes(content)
        assert state.digest_of(prefix) == ""
    state.unmark(prefix)
    state.unmark(prefix)
    assert not state.stands(prefix)
    prefix.symlink_to(tmp_path / "nowhere")
    assert state.stands(prefix)
