from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from workflow import environment
from workflow.base.errors import EnvironmentProblem, UsageError
from workflow.base.events import Silent
from workflow.environment import Wishes, lifecycle, state

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
