"""Who uses an environment, who makes or removes it, and how the one learns of the other."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from tests.unit.environment.conftest import pip_lock
from workflow import environment
from workflow.base import locations, processes
from workflow.base.errors import EnvironmentProblem
from workflow.base.events import Recording, Silent
from workflow.cli import console, env_screens
from workflow.environment import Wishes, claims, execution, lifecycle, registry, removal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workflow.environment import Environment

pytestmark = pytest.mark.usefixtures("project")
_USER = """
import sys, time
from workflow.environment import claims
from workflow.base.events import Silent
claim = claims.use(sys.argv[1], Silent(), work=sys.argv[2])
print("claimed", flush=True)
time.sleep(60)
"""


@pytest.fixture
def made(project: Path) -> Environment:
    return ensure()


def ensure(listener: Recording | None = None) -> Environment:
    return lifecycle.ensure("e", wishes=Wishes(), listener=listener or Silent(), builders=FakeBuilders().builders())


@pytest.fixture
def using() -> Iterator[Callable[..., processes.Process]]:
    """Start other processes that are at work in an environment."""
    running: list[processes.Process] = []

    def start(key: str, work: str = "use") -> processes.Process:
        process = processes.start([sys.executable, "-c", _USER, key, work])
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"claimed\n"
        return process

    yield start
    for process in running:
        processes.kill(process, grace=0)
        process.communicate()


def notes() -> list[Path]:
    return list((locations.home() / "locks").glob("*.users/*"))


def test_what_is_in_use_is_not_removed_and_who_uses_it_is_named(
    made: Environment, using: Callable[..., processes.Process]
) -> None:
    one, other = using(made.prefix.name), using(made.prefix.name)
    with pytest.raises(EnvironmentProblem, match="is in use by process") as caught:
        environment.remove("e", Silent())
    assert all(
        f"process {user.pid} (-c {made.prefix.name} use, since 2" in caught.value.message for user in (one, other)
    )
    assert "--force" in caught.value.hint
    assert environment.find("e") == made


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_the_claim_of_a_process_that_was_killed_is_gone_with_it(
    made: Environment, using: Callable[..., processes.Process]
) -> None:
    user = using(made.prefix.name)
    user.send_signal(signal.SIGKILL)
    user.wait()
    assert claims.parties(made.prefix.name) == []
    assert notes() == []
    environment.remove("e", Silent())
    assert not made.prefix.exists()


def test_what_is_in_use_is_removed_by_force_and_under_whom_is_told(
    made: Environment, using: Callable[..., processes.Process]
) -> None:
    user, shell = using(made.prefix.name), using(made.prefix.name, "shell")
    listener = Recording()
    removal.remove("e", listener, forced=True)
    assert not made.prefix.exists()
    assert all(str(one.pid) in "".join(listener.warnings) for one in (user, shell))


def test_while_it_is_being_made_not_even_force_removes_it(made: Environment) -> None:
    with claims.held(made.prefix.name, Silent()), pytest.raises(EnvironmentProblem, match="making or removing"):
        removal.remove("e", Silent(), forced=True)
    assert environment.find("e") == made


def test_who_makes_it_anew_waits_for_who_is_at_work_in_it_and_says_so(
    made: Environment, using: Callable[..., processes.Process]
) -> None:
    user = using(made.prefix.name)
    (made.prefix / "bin" / "python").unlink()
    listener = Recording()
    thread = threading.Thread(target=ensure, args=(listener,), daemon=True)
    thread.start()
    until(lambda: listener.lines)
    time.sleep(0.2)
    assert f"waiting for process {user.pid} (" in listener.lines[0]
    assert "at work in it" in listener.lines[0]
    assert not (made.prefix / "bin" / "python").exists()
    processes.kill(user)
    thread.join(timeout=10)
    assert environment.find("e") == made


def test_a_shell_keeps_nobody_from_repairing_it_and_is_told(
    made: Environment, using: Callable[..., processes.Process]
) -> None:
    shell = using(made.prefix.name, "shell")
    (made.prefix / "bin" / "python").unlink()
    listener = Recording()
    ensure(listener)
    assert any("a shell is open in it" in line and str(shell.pid) in line for line in listener.lines)


def test_a_shell_keeps_it_from_being_removed_by_chance(
    made: Environment, using: Callable[..., processes.Process]
) -> None:
    shell = using(made.prefix.name, "shell")
    with pytest.raises(EnvironmentProblem, match=f"a shell is open .* process {shell.pid}"):
        environment.remove("e", Silent())
    removal.remove("e", Silent(), forced=True)
    assert not made.prefix.exists()


def test_who_wants_to_use_it_waits_while_it_is_being_removed(made: Environment) -> None:
    listener, got = Recording(), []
    with claims.held(made.prefix.name, Silent()):
        thread = threading.Thread(target=lambda: got.append(claims.use(made.prefix.name, listener)), daemon=True)
        thread.start()
        until(lambda: listener.lines)
        assert "making or removing it" in listener.lines[0]
        assert got == []
    thread.join(timeout=10)
    got[0].release()


def test_taking_one_that_goes_away_at_that_moment_makes_it_anew(
    made: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = claims.use
    removed: list[str] = []

    def slow(key: str, listener: Recording) -> claims.Claim:
        if not removed:
            removed.append(key)
            environment.remove("e", Silent())
        return use(key, listener)

    monkeypatch.setattr(claims, "use", slow)
    fake = FakeBuilders()
    found, claim = lifecycle.taken("e", wishes=Wishes(), listener=Silent(), builders=fake.builders())
    claim.release()
    assert (found, len(fake.equipped)) == (made, 1)


def test_a_claim_is_given_back(made: Environment) -> None:
    claim = claims.use(made.prefix.name, Silent())
    assert len(claims.parties(made.prefix.name)) == 1
    claim.release()
    claim.release()
    assert notes() == []
    environment.remove("e", Silent())


@pytest.mark.skipif(os.name == "nt", reason="descriptors are not inherited there")
def test_a_command_that_goes_on_without_us_holds_the_claim(made: Environment) -> None:
    for name in ("sleep", "sh"):
        (made.prefix / "bin" / name).symlink_to(f"/bin/{name}")
    begin = time.monotonic()
    assert execution.run(made, ["sh", "-c", "sleep 1.5 >/dev/null 2>&1 &"], listener=Silent()) == 0
    with pytest.raises(EnvironmentProblem, match=f"is in use by process {os.getpid()}"):
        environment.remove("e", Silent())
    until(lambda: time.monotonic() - begin > 1.6 and not claims.parties(made.prefix.name))
    environment.remove("e", Silent())


def test_only_those_of_other_checkouts_are_old_and_those_in_use_stay(
    project: Path, made: Environment, using: Callable[..., processes.Process]
) -> None:
    pip_lock(project).write_text("# profile: lean\n")
    second = ensure()
    pip_lock(project).write_text("# profile: full\nabsl-py==9\n")
    third = ensure()
    user = using(second.prefix.name)
    listener = Recording()
    assert [entry.prefix for entry in removal.doomed(None, removal.Scope(old=True), listener=listener)] == [made.prefix]
    assert f"{second.prefix} stays: it is in use by process {user.pid}" in listener.warnings[0]
    assert environment.find("e") == third


def test_the_list_names_what_removes_the_old_only_where_there_are_some(
    project: Path, made: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    (made.prefix.with_name("alien") / "bin").mkdir(parents=True)

    def listed() -> str:
        console.console.cache_clear()
        env_screens.print_list(registry.list_environments(), as_json=False)
        return capsys.readouterr().out

    assert "alien" in listed()
    assert "env remove --old" not in listed()
    pip_lock(project).write_text("# profile: lean\n")
    assert listed().rstrip().endswith("tfjs-workflow env remove --old removes those of other checkouts")
    console.console.cache_clear()


@pytest.mark.usefixtures("made")
def test_among_all_what_this_tool_did_not_make_stays_and_is_told() -> None:
    alien = registry.look("e").prefix.with_name("alien")
    (alien / "bin").mkdir(parents=True)
    listener = Recording()
    found = removal.doomed(None, removal.Scope(everything=True), listener=listener)
    assert [entry.name for entry in found] == ["e"]
    assert listener.warnings == [f"{alien} was not made by this tool and stays"]
    removal.remove_all(found, listener)
    assert removal.doomed(None, removal.Scope(everything=True), listener=listener) == []
    assert listener.lines[-1] == "there is no environment to remove"
    assert alien.is_dir()


def test_where_nothing_is_old_that_is_said(made: Environment) -> None:
    listener = Recording()
    assert removal.doomed(None, removal.Scope(old=True), listener=listener) == []
    assert listener.lines == ["there is no environment of other checkouts to remove"]
    assert environment.find("e") == made


def test_a_name_means_what_this_checkout_has(project: Path, made: Environment) -> None:
    pip_lock(project).write_text("# profile: lean\n")
    with pytest.raises(EnvironmentProblem, match=f"only of others: e@{made.lock_digest[:12]}"):
        environment.remove("e", Silent())
    assert made.prefix.exists()
    removal.remove(f"e@{made.lock_digest[:6]}", Silent())
    assert not made.prefix.exists()
    with pytest.raises(EnvironmentProblem, match="no environment e@123"):
        registry.info("e@123")


def test_where_nothing_can_be_locked_work_goes_on_and_that_is_told(
    made: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("workflow.base.locks.share", refuse)
    listener = Recording()
    claims.use(made.prefix.name, listener).release()
    assert "not claimed (No locks available)" in listener.lines[0]


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["/x/tfjs-workflow", "convert", "a b.yml"], "tfjs-workflow convert a b.yml"),
        (["/x/workflow/__main__.py", "serve"], "tfjs-workflow serve"),
        (["tfjs-workflow", "env", "run", "--", "curl", "-H", "secret"], "tfjs-workflow env run -- curl"),
        (["tfjs-workflow", "--mirror", "https://me:secret@host/x"], "tfjs-workflow --mirror https://host/x"),
        (["tfjs-workflow", "https://host/m.h5?token=x"], "tfjs-workflow https://host/m.h5?..."),
        (["tfjs-workflow", "\x1b[31m\n\x9b"], "tfjs-workflow \\x1b[31m\\n\\x9b"),
        (["tfjs-workflow", "\udcff"], "tfjs-workflow \\udcff"),
        (["tfjs-workflow", "x" * 999], "tfjs-workflow " + "x" * 63 + "..."),
    ],
)
def test_a_note_shows_the_command_and_no_secret(
    made: Environment, monkeypatch: pytest.MonkeyPatch, argv: list[str], shown: str
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    claim = claims.use(made.prefix.name, Silent())
    (party,) = claims.parties(made.prefix.name)
    claim.release()
    assert party.who.startswith(f"process {os.getpid()} ({shown}, since 2")


@pytest.mark.skipif(os.name == "nt", reason="there a former version locks another byte")
def test_a_former_version_that_makes_or_removes_and_we_heed_each_other() -> None:
    from filelock import FileLock, Timeout  # noqa: PLC0415  what former versions used

    claim = claims.use("e", Silent())
    theirs = FileLock(locations.home() / "locks" / "e.lock")
    with pytest.raises(Timeout):
        theirs.acquire(timeout=0)
    claim.release()
    with (
        theirs,
        pytest.raises(EnvironmentProblem, match="in use by another process"),
        claims.held("e", Silent(), patient=False),
    ):
        pass


def test_many_claim_and_release_at_once_and_nothing_is_left(made: Environment) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(40):
                claim = claims.use(made.prefix.name, Silent())
                claims.parties(made.prefix.name)
                claim.release()
        except BaseException as error:  # noqa: BLE001  told by the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert notes() == []
    environment.remove("e", Silent())


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
