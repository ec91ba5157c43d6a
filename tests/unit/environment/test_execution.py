"""Commands in an environment: which program it is, with which exit code it ends, and who holds the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from workflow.base.errors import EnvironmentProblem, UsageError
from workflow.base.events import Recording, Silent
from workflow.environment import Wishes, claims, execution, lifecycle, removal, state

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment import Environment

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def made(project: Path) -> Environment:
    return lifecycle.ensure("e", wishes=Wishes(), listener=Silent(), builders=FakeBuilders().builders())


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -15 $$", 143), ("kill -9 $$", 137)])
def test_the_exit_code_is_the_one_of_a_shell(made: Environment, script: str, code: int) -> None:
    assert execution.run(made, ["/bin/sh", "-c", script], listener=Silent()) == code


def test_a_program_of_another_place_is_told_and_one_that_cannot_be_run_is_an_error(
    made: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Recording()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "own"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    with pytest.raises(UsageError) as caught:
        execution.run(made, ["own"], listener=listener)
    assert listener.warnings == [f"own is not in environment 'e': running {program}"]
    assert caught.value.message == f"{program} cannot be run: No such file or directory"
    assert claims.parties(made.prefix.name) == []
    assert execution.resolve(made, ["python", "-V"]) == execution.Command((str(made.python), "-V"), outside=False)


def test_while_a_command_runs_the_environment_is_held_and_its_user_named(
    made: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def noted(argv: tuple[str, ...], *, env: dict[str, str], inherited: tuple[int, ...]) -> int:
        seen.extend(f"{party.work} {len(inherited)} {env['PYTHONNOUSERSITE']}" for party in claims.parties(key))
        return 0

    key = made.prefix.name
    monkeypatch.setattr("workflow.base.processes.run_foreground", noted)
    execution.run(made, [str(made.python)], listener=Silent())
    assert seen == ["use 2 1"]
    assert claims.parties(key) == []
    with execution.claimed(made, Silent(), work="shell") as claim:
        assert [party.work for party in claims.parties(key)] == ["shell"]
        assert len(claim.descriptors) == 1
    with pytest.raises(ValueError, match="once"), execution.claimed(made, Silent()):
        raise ValueError("once")
    assert claims.parties(key) == []


def test_one_that_was_removed_or_made_anew_is_claimed_by_nobody(made: Environment) -> None:
    other = made.replaced(python_version="3.8.1")
    with pytest.raises(EnvironmentProblem, match="no environment named 'e'"), execution.claimed(other, Silent()):
        pytest.fail("it is another")
    removal.remove("e", Silent())
    with pytest.raises(EnvironmentProblem, match="no environment named 'e'"), execution.claimed(made, Silent()):
        pytest.fail("it is gone")
    assert execution.failing("e", Silent()) == []


def test_two_claims_of_one_process_have_a_note_each(made: Environment) -> None:
    key = made.prefix.name
    first, second = claims.use(key, Silent()), claims.use(key, Silent(), work="shell")
    assert [party.work for party in claims.parties(key)] == ["use", "shell"]
    assert [party.work for party in claims.parties(key, "shell")] == ["shell"]
    assert (len(first.descriptors), len(second.descriptors)) == (2, 1)
    phrases = [str(party) for party in claims.parties(key)]
    assert phrases[0].endswith("), at work in it")
    assert phrases[1].endswith("), a shell that is open in it")
    assert claims.busy(key, "shell") == claims.parties(key, "shell")[0].who
    first.release()
    first.release()
    second.release()
    assert claims.busy(key, "use") == ""
    assert str(claims.Party("somebody", "odd")) == "somebody, odd"


def test_who_is_in_the_way_is_named_with_what_to_do(made: Environment) -> None:
    key = made.prefix.name
    claim = claims.use(key, Silent())
    who = claims.parties(key)[0]
    with pytest.raises(EnvironmentProblem) as caught, claims.held(key, Silent(), patient=False):
        pytest.fail("it is in use")
    assert caught.value.message == f"environment 'e' is in use by {who}"
    assert caught.value.hint == "try again when that is done, or use --force: what runs in it then fails"
    with claims.held(key, Silent(), forced=True):
        works = {party.work for party in claims.parties(key)}
        assert works == {"use", "making"}
    claim.release()
    making = claims.held(key, Silent(), forced=True)
    with claims.held(key, Silent()), pytest.raises(EnvironmentProblem) as caught, making:
        pytest.fail("it is being made")
    assert caught.value.hint == "try again when that is done"
    assert ", making or removing it" in caught.value.message


def test_where_nothing_can_be_locked_that_is_said_and_nothing_is_claimed(
    made: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_locks(*_: object) -> bool:
        raise OSError(37, "No locks available")

    listener = Recording()
    monkeypatch.setattr("workflow.base.locks.share", without_locks)
    claim = claims.use("e@0", listener)
    assert claim.descriptors == ()
    assert listener.lines == ["environment e@0: not claimed (No locks available): its removal would go unnoticed"]
    assert claims.last_used("never") is None


def test_the_checks_that_a_ready_environment_fails_are_named_and_noted(made: Environment) -> None:
    titles = execution.failing("e", Silent())
    assert titles[:2] == ["python --version", "pip check"]
    known = state.read(made.prefix)
    assert known is not None
    assert known.unhealthy == "python --version"
    assert execution.failing("e", Silent()) == titles
