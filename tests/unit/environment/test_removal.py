from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from workflow import environment
from workflow.base.errors import EnvironmentProblem, ForeignPathError, StorageError
from workflow.base.events import Recording, Silent
from workflow.environment import Wishes, claims, lifecycle, registry, removal, state
from workflow.environment.builder import staging
from workflow.environment.managers.fake import FakeManager

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment import Environment

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def made(project: Path) -> Environment:
    return lifecycle.ensure("e", wishes=Wishes(), listener=Silent(), builders=FakeBuilders().builders())


def test_the_manager_that_made_it_removes_it(made: Environment) -> None:
    other, manager = FakeManager("conda"), FakeManager("embedded")
    removal.remove("e", Silent(), managers=[other, manager])
    assert (other.removed, manager.removed) == ([], [made.prefix])
    assert list(state.folder().iterdir()) == []


def test_it_is_said_before_anything_is_deleted(made: Environment) -> None:
    class Watching(FakeManager):
        def remove(self, prefix: Path) -> None:
            assert "removing environment 'e'" in listener.lines[0]

    listener = Recording()
    removal.remove("e", listener, managers=[Watching("embedded")])
    assert listener.lines[-1] == "removed environment 'e'"


@pytest.mark.parametrize("manager", [FakeManager(forgetful=True), FakeManager(absence="uninstalled")])
def test_the_disk_is_believed_and_not_the_manager(made: Environment, manager: FakeManager) -> None:
    removal.remove("e", Silent(), managers=[manager])
    assert not made.prefix.exists()


def test_a_manager_that_fails_is_told_and_the_folder_deleted(made: Environment) -> None:
    class Failing(FakeManager):
        def remove(self, prefix: Path) -> None:
            raise EnvironmentProblem("conda is confused")

    listener = Recording()
    removal.remove("e", listener, managers=[Failing()])
    assert "conda is confused" in listener.warnings[0]
    assert not made.prefix.exists()


def test_read_only_folders_are_deleted_too(made: Environment) -> None:
    folder = made.prefix / "pkgs"
    folder.mkdir()
    (folder / "file").touch()
    folder.chmod(0o500)
    environment.remove("e", Silent())
    assert not made.prefix.exists()


def test_what_an_interrupted_making_left_beside_it_is_deleted_too(made: Environment) -> None:
    stage = staging.place(made.prefix)
    staging.prepare(stage)
    (stage / "half a package").write_bytes(b"1")
    environment.remove("e", Silent())
    assert not stage.exists()
    assert list(state.folder().iterdir()) == []


def test_a_partial_environment_can_be_removed() -> None:
    prefix = registry.look("e").prefix
    state.mark(prefix)
    (prefix / "half").mkdir(parents=True)
    environment.remove("e", Silent())
    assert list(state.folder().iterdir()) == []


def test_what_this_tool_did_not_make_is_refused() -> None:
    alien = state.folder() / "alien" / "file"
    alien.parent.mkdir(parents=True)
    alien.touch()
    with pytest.raises(ForeignPathError):
        environment.remove("alien", Silent())
    assert alien.exists()


def test_a_name_that_no_environment_has_is_told(tool_home: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="no environment named"):
        environment.remove("nothing", Silent())
    assert not (tool_home / "locks").exists()


def test_removal_is_refused_while_another_works_on_it(made: Environment) -> None:
    with claims.held(made.prefix.name, Silent()), pytest.raises(EnvironmentProblem, match="in use by process"):
        environment.remove("e", Silent())
    assert environment.find("e") == made


def test_what_cannot_be_deleted_is_told_and_stays_ours(made: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *_, **__: None)
        with pytest.raises(StorageError, match="could not delete") as caught:
            environment.remove("e", Silent())
    assert str(made.prefix) in caught.value.details
    assert [entry.status for entry in environment.list_environments()] == ["partial"]
    environment.remove("e", Silent())
    assert not made.prefix.exists()
