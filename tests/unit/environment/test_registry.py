from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from workflow import environment
from workflow.base.errors import EnvironmentProblem, UsageError
from workflow.base.events import Silent
from workflow.environment import Wishes, lifecycle, registry, state

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("project")


def make(name: str) -> None:
    lifecycle.ensure(name, wishes=Wishes(), listener=Silent(), builders=FakeBuilders().builders())


def test_there_is_nothing_at_first() -> None:
    assert environment.list_environments() == []
    assert environment.find("tfjs") is None


def test_several_names_live_side_by_side_with_what_is_not_ours() -> None:
    make("one")
    make("two")
    (state.folder() / "alien").mkdir()
    found = {entry.name: entry.status for entry in environment.list_environments()}
    assert found == {"alien": "foreign", "one": "ready", "two": "ready"}


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    make("one")
    with pytest.raises(EnvironmentProblem, match="'won'") as caught:
        environment.info("won")
    assert "one" in caught.value.hint


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", ".hidden", "a b", "x" * 65, "end."])
def test_what_cannot_be_a_folder_cannot_be_a_name(name: str) -> None:
    with pytest.raises(UsageError):
        environment.find(name)


def test_hard_links_are_counted_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").symlink_to(tmp_path / "a")
    assert 1000 <= environment.size(tmp_path) < 2000


def test_the_size_of_a_prefix_is_that_of_its_files_each_counted_once(tmp_path: Path) -> None:
    prefix = tmp_path / "measured"
    prefix.mkdir()
    assert registry.size(prefix / "nothing") == registry.size(prefix) == 0
    (prefix / "in" / "deep").mkdir(parents=True)
    for name, size in (("a", 5), ("in/b", 7), ("in/deep/c", 11)):
        (prefix / name).write_bytes(bytes(size))
    (prefix / "in" / "same").hardlink_to(prefix / "a")
    assert registry.size(prefix) == 23
    (prefix / "link").symlink_to("a")
    assert registry.size(prefix) == 24  # of a link its own letter, not what it leads to
