from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from tests.unit.environment.conftest import pip_lock
from workflow import environment
from workflow.base import processes
from workflow.base.errors import (
    DownloadError,
    EnvironmentProblem,
    ForeignPathError,
    IntegrityError,
    StorageError,
    StrictnessError,
    UnhealthyError,
)
from workflow.base.events import Recording, Silent
from workflow.environment import Wishes, claims, lifecycle, orphans, registry, state
from workflow.environment.managers.fake import FakeManager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from workflow.environment import Environment
    from workflow.environment.health import Check

pytestmark = pytest.mark.usefixtures("project")


def ensure(fake: FakeBuilders, *, wishes: Wishes | None = None, listener: Recording | None = None) -> Environment:
    return lifecycle.ensure("e", wishes=wishes or Wishes(), listener=listener or Silent(), builders=fake.builders())


def leftovers() -> list[str]:
    return sorted(path.name for path in state.folder().iterdir())


def test_an_environment_is_made_once_and_found_again() -> None:
    fake = FakeBuilders()
    made = ensure(fake)
    assert (made.manager, made.python_version, made.profile) == ("embedded", "3.8.20", "full")
    assert ensure(fake) == environment.find("e") == made
    assert len(fake.equipped) == 1
    assert leftovers() == [made.prefix.name]


def test_the_state_records_what_was_made(tool_home: Path) -> None:
    made = ensure(FakeBuilders())
    written = json.loads((made.prefix / state.FILE_NAME).read_text())
    assert written["lock_digest"] == environment.lock_digest()
    assert written["prefix"] == str(tool_home / "envs" / f"e@{made.lock_digest[:12]}")
    assert written["created"].endswith("+00:00")


def test_a_ready_environment_is_found_fast() -> None:
    ensure(FakeBuilders())
    begin = time.perf_counter()
    for _ in range(10):
        environment.ensure("e", wishes=Wishes(), listener=Silent())
    assert (time.perf_counter() - begin) / 10 < 0.05


def test_the_state_is_written_after_everything_else() -> None:
    seen: list[bool] = []

    class Watching(FakeBuilders):
        def _check(self, environment: Environment, log: Path) -> Iterator[Check]:
            seen.append(state.exists(environment.prefix))
            yield from super()._check(environment, log)

    made = ensure(Watching())
    assert seen == [False]
    assert state.exists(made.prefix)


@pytest.mark.parametrize("failure", [IntegrityError("bad hash"), KeyboardInterrupt(), DownloadError("no net")])
def test_a_creation_that_fails_leaves_nothing(failure: BaseException) -> None:
    with pytest.raises(type(failure)):
        ensure(FakeBuilders(failure=failure))
    assert leftovers() == []


def test_an_operating_system_error_is_told_as_a_storage_error() -> None:
    with pytest.raises(StorageError, match="the disk is full"):
        ensure(FakeBuilders(failure=OSError(28, "No space left on device")))
    assert leftovers() == []


def test_an_unhealthy_environment_is_removed_and_its_failing_check_shown() -> None:
    with pytest.raises(UnhealthyError, match="two failed") as caught:
        ensure(FakeBuilders(unhealthy=True))
    assert caught.value.details == "the output"
    assert caught.value.log.endswith(f"env-{registry.look('e').key}.log")
    assert leftovers() == []


def test_a_killed_creation_is_recognised_and_redone() -> None:
    prefix = registry.look("e").prefix
    state.mark(prefix)
    (prefix / "half").mkdir(parents=True)
    assert registry.look("e").status == "partial"
    listener = Recording()
    made = ensure(FakeBuilders(), listener=listener)
    assert not (made.prefix / "half").exists()
    assert any("did not end" in line for line in listener.lines)


def test_a_creation_killed_before_its_folder_exists_is_listed_and_redone() -> None:
    state.mark(registry.look("e").prefix)
    assert [(entry.name, entry.status) for entry in environment.list_environments()] == [("e", "partial")]
    made = ensure(FakeBuilders())
    assert leftovers() == [made.prefix.name]


def test_another_lock_has_another_environment_and_none_is_made_twice(project: Path) -> None:
    first = pip_lock(project).read_text()
    old = ensure(FakeBuilders())
    pip_lock(project).write_text("# profile: lean\nabsl-py==2.3.2\n")
    assert environment.find("e") is None
    listener = Recording()
    new = ensure(FakeBuilders(), listener=listener)
    assert (new.name, new.profile, new.prefix != old.prefix) == ("e", "lean", True)
    assert f"{old.prefix} stays" in "\n".join(listener.lines)
    for text, made in ((first, old), (pip_lock(project).read_text(), new)):
        pip_lock(project).write_text(text)
        fake = FakeBuilders()
        assert ensure(fake) == made
        assert fake.equipped == []


def former_version_made(digest: str) -> Path:
    """Put an environment where former versions of this tool put it: in a folder of its name."""
    made = ensure(FakeBuilders())
    plain = state.prefix("e")
    made.prefix.rename(plain)
    known = state.read(plain)
    assert known is not None
    state.write(plain, replace(known, prefix=str(plain), lock_digest=digest or known.lock_digest))
    return plain


def test_what_a_former_version_made_of_the_same_lock_is_used() -> None:
    plain = former_version_made("")
    fake = FakeBuilders()
    assert ensure(fake).prefix == plain
    assert fake.equipped == []
    (plain / "bin" / "python").unlink()
    assert ensure(fake).prefix == plain
    assert leftovers() == ["e"]


def test_a_repair_of_what_a_former_version_made_that_was_killed_is_gone_on_with() -> None:
    plain = former_version_made("")
    state.mark(plain)
    state.erase(plain)
    assert registry.look("e").status == "partial"
    assert ensure(FakeBuilders()).prefix == plain
    assert leftovers() == ["e"]


def test_what_a_former_version_left_unfinished_is_not_in_the_way_and_can_be_removed() -> None:
    plain = state.prefix("e")
    plain.mkdir(parents=True)
    plain.with_name(".e.tfjs-workflow.partial").write_text("4711\n")
    assert [(entry.status, entry.current) for entry in environment.list_environments()] == [("partial", True)]
    made = ensure(FakeBuilders())
    assert [(entry.status, entry.current) for entry in environment.list_environments()] == [
        ("partial", False),
        ("ready", True),
    ]
    environment.remove("e", Silent())
    assert not made.prefix.exists()
    environment.remove("e", Silent())
    assert leftovers() == []


def test_what_a_former_version_made_of_another_lock_stays_beside_ours() -> None:
    plain = former_version_made("0" * 64)
    made = ensure(FakeBuilders())
    assert leftovers() == ["e", made.prefix.name]
    assert [(entry.status, entry.current) for entry in environment.list_environments()] == [
        ("stale", False),
        ("ready", True),
    ]
    assert environment.info("e@000000").prefix == plain


def test_of_two_of_the_same_lock_ours_is_used_and_the_other_told() -> None:
    plain = former_version_made("")
    state.mark(plain.with_name("e@0"))
    plain.rename(plain.with_name("aside"))
    made = ensure(FakeBuilders())
    plain.with_name("aside").rename(plain)
    assert environment.find("e") == made
    entry = next(entry for entry in environment.list_environments() if entry.prefix == plain)
    assert (entry.status, entry.current) == ("stale", False)
    assert str(made.prefix) in entry.reason


def test_a_foreign_folder_of_the_plain_name_is_nobodys_affair() -> None:
    mine = state.prefix("e") / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    ensure(FakeBuilders())
    assert mine.read_text() == "years of work"
    assert {entry.status for entry in environment.list_environments()} == {"foreign", "ready"}


@pytest.mark.parametrize("program", ["python", "tensorflowjs_converter"])
def test_a_missing_program_makes_it_anew(program: str) -> None:
    path = ensure(FakeBuilders()).prefix / "bin" / program
    path.unlink()
    assert registry.look("e").status == "broken"
    ensure(FakeBuilders())
    assert path.exists()


def test_a_moved_home_makes_it_anew(tool_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure(FakeBuilders())
    moved = shutil.copytree(tool_home, tmp_path / "moved")
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(moved))
    assert "moved or copied" in registry.look("e").reason
    assert ensure(FakeBuilders()).prefix == moved / "envs" / registry.look("e").key


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}'])
def test_an_unreadable_state_is_ours_and_made_anew(text: str) -> None:
    made = ensure(FakeBuilders())
    (made.prefix / state.FILE_NAME).write_text(text)
    assert registry.look("e").status == "stale"
    assert ensure(FakeBuilders()) == made


def test_a_foreign_folder_is_never_touched() -> None:
    mine = registry.look("e").prefix / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    with pytest.raises(ForeignPathError):
        ensure(FakeBuilders())
    assert mine.read_text() == "years of work"


def test_a_link_to_a_folder_is_foreign_even_where_a_state_lies(tmp_path: Path) -> None:
    made = ensure(FakeBuilders())
    made.prefix.rename(tmp_path / "elsewhere")
    made.prefix.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ForeignPathError):
        ensure(FakeBuilders())
    assert (tmp_path / "elsewhere" / "bin" / "python").exists()


def test_an_option_never_replaces_a_ready_environment() -> None:
    ensure(FakeBuilders(managers=[FakeManager("python", caveats=("not a conda environment",))]))
    with pytest.raises(EnvironmentProblem, match="was made by python, not by conda"):
        ensure(FakeBuilders(), wishes=Wishes(manager="conda"))
    with pytest.raises(StrictnessError, match="not a conda environment"):
        ensure(FakeBuilders(), wishes=Wishes(strict=True))
    assert environment.find("e") is not None


def test_a_failed_verification_is_remembered_until_one_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ensure(FakeBuilders())
    for unhealthy, status in ((True, "broken"), (False, "ready")):
        fake = FakeBuilders(unhealthy=unhealthy)
        monkeypatch.setattr("workflow.environment.health.checks", lambda env, *, log, f=fake: f._check(env, log))
        assert len(list(environment.verify(made))) == 2
        assert registry.look("e").status == status


def test_an_incomplete_installation_is_told(project: Path) -> None:
    pip_lock(project).write_text("absl-py==2.3.1\n")
    with pytest.raises(EnvironmentProblem, match="profile"):
        ensure(FakeBuilders())
    pip_lock(project).unlink()
    with pytest.raises(EnvironmentProblem, match="cannot read"):
        environment.lock_digest()


def test_what_a_former_version_made_and_is_removed_while_we_wait_is_made_in_its_new_place_under_the_new_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ensure(FakeBuilders())
    plain = state.prefix("e")
    made.prefix.rename(plain)
    known = state.read(plain)
    assert known is not None
    state.write(plain, replace(known, prefix=str(plain)))
    (plain / "bin" / "python").unlink()
    assert registry.look("e").prefix == plain
    held: list[str] = []
    usual = claims.held

    def noted(key: str, listener: Recording) -> AbstractContextManager[None]:
        held.append(key)
        shutil.rmtree(plain, ignore_errors=True)
        return usual(key, listener)

    monkeypatch.setattr(claims, "held", noted)
    assert ensure(FakeBuilders()).prefix == made.prefix
    assert held == ["e", made.prefix.name]


@pytest.mark.skipif(os.name == "nt", reason="there are no keepers there")
def test_what_an_interrupted_making_left_running_is_ended_before_it_is_made_anew() -> None:
    key = registry.look("e").key
    state.mark(registry.look("e").prefix)
    log = state.log_path(key)
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    left = processes.start(argv, stdout=None, stderr=None, tie=orphans.tie(log, "install"))
    try:
        while not orphans.tie(log, "install").is_file() or not orphans.tie(log, "install").read_text():
            time.sleep(0.01)
        listener = Recording()
        ensure(FakeBuilders(), listener=listener)
        assert f"ending process {left.pid}, which an interrupted run has left behind" in listener.lines
        assert left.wait(timeout=10) == -9
    finally:
        processes.kill(left)
        if left.stdin is not None:
            left.stdin.close()
