from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path

import pytest

from tests import ROOT
from tests.unit.environment.orders import order_for
from workflow.base import errors, processes
from workflow.base.events import Recording
from workflow.base.plain_names import PlainNames
from workflow.environment import blueprint
from workflow.environment.builder import __main__ as builder
from workflow.environment.builder import protocol, staging
from workflow.environment.managers import BuildOrder, Manager, embedded
from workflow.environment.managers.embedded import EmbeddedManager

_CHECKOUT = ROOT


@pytest.fixture
def order(tmp_path: Path) -> BuildOrder:
    return order_for(tmp_path / "conda-lock.yml", tmp_path, Recording())


def test_it_is_a_manager_without_caveats() -> None:
    manager: Manager = EmbeddedManager()
    assert (manager.name, manager.caveats) == ("embedded", ())


def test_looking_whether_it_can_work_is_quick_and_imports_nothing_heavy() -> None:
    program = (
        "import sys, time; from workflow.environment.managers.embedded import EmbeddedManager as M;"
        "begin = time.process_time(); print(M().missing()); print(time.process_time() - begin < 0.2);"
        "print([name for name in ('rattler', 'asyncio', 'urllib.request') if name in sys.modules])"
    )
    answer = processes.run([sys.executable, "-c", program], cwd=_CHECKOUT)
    assert answer.stdout.split("\n")[1:3] == ["True", "[]"], answer.stderr


def test_without_a_platform_it_says_why_it_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blueprint, "current_platform", lambda: None)
    assert "no packages that run on this machine" in (EmbeddedManager().missing() or "")


def test_a_platform_that_is_not_in_the_lock_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blueprint, "current_platform", lambda: "linux-s390x")
    assert EmbeddedManager().missing() == "conda-lock.yml has nothing for linux-s390x"


def test_without_rattler_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    assert "py-rattler is not installed" in (EmbeddedManager().missing() or "")


def test_an_unreadable_lock_is_reported_by_the_builder_as_our_error(order: BuildOrder, tmp_path: Path) -> None:
    order.blueprint.conda_lock.write_text("version: 9\n")
    with pytest.raises(errors.EnvironmentProblem, match="only conda-lock's format 1") as raised:
        EmbeddedManager().create(tmp_path / "env", order)
    assert raised.value.log == str(order.log)


def test_a_builder_that_cannot_start_shows_why(
    order: BuildOrder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MODULE", "workflow.no_such_module")
    with pytest.raises(errors.EnvironmentProblem, match="without an answer") as raised:
        EmbeddedManager().create(tmp_path / "env", order)
    assert "no_such_module" in raised.value.details


def test_the_builder_ends_when_its_caller_closes_the_pipe(order: BuildOrder, tmp_path: Path) -> None:
    order.blueprint.conda_lock.write_text("version: 1\n")
    process = processes.start([sys.executable, "-m", protocol.MODULE], stdin=processes.PIPE, stderr=None, cwd=_CHECKOUT)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    begin = time.monotonic()
    assert b"failed" in process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=20) == errors.EnvironmentProblem.exit_code
    assert time.monotonic() - begin < 20


def test_requests_survive_the_pipe_and_names_that_are_no_text_stay_as_they_are() -> None:
    prefix = os.fsdecode(b"/p \xff")
    request = protocol.BuildRequest(
        "l", "linux-64", prefix, "/s", "/c", "/t", ("https://one", "https://two"), offline=True
    )
    spelled = PlainNames(Path("/nowhere")).there(request.question())
    assert protocol.BuildRequest.of(json.loads(json.dumps(spelled))) == request


@pytest.mark.parametrize("text", [None, 1, "", "[]", "{}", "nonsense", '{"lock": "l"}'])
def test_what_is_no_request_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"not a request|Expecting"):
        protocol.BuildRequest.of({"request": text})


def test_news_reach_the_listener_as_they_were_told(order: BuildOrder) -> None:
    told = io.BytesIO()
    line = builder._Line(told)
    line.number = 1
    line.say("one")
    line.warn("two")
    line.advance("bytes", 3, 10)
    for text in told.getvalue().splitlines():
        embedded._publish(json.loads(text)["progress"], order.listener)
    heard = order.listener
    assert isinstance(heard, Recording)
    assert (heard.lines, heard.warnings, heard.progress) == (["one"], ["two"], [("bytes", 3, 10)])


@pytest.mark.parametrize("kind", [errors.DownloadError, errors.IntegrityError, errors.StorageError])
def test_failures_keep_their_class_and_words_across_the_pipe(kind: type[errors.WorkflowError]) -> None:
    failure = protocol.failure(kind("what", hint="do", details="more"))
    error = protocol.raised(json.loads(json.dumps(failure)), log="/log")
    assert type(error) is kind
    assert (error.message, error.hint, error.details, error.log) == ("what", "do", "more", "/log")


def half_made(prefix: Path) -> Path:
    stage = staging.place(prefix)
    staging.prepare(stage)
    (stage / "half").touch()
    return stage


def test_whatever_ends_a_making_nothing_of_it_is_left(
    order: BuildOrder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    prefix = tmp_path / "env"
    stage = half_made(prefix)
    with pytest.raises(errors.EnvironmentProblem):
        EmbeddedManager().create(prefix, order)  # there is no lock
    assert not stage.exists()
    half_made(prefix)
    monkeypatch.setattr(embedded, "_answered", interrupted)
    with pytest.raises(KeyboardInterrupt):
        EmbeddedManager().create(prefix, order)
    assert not stage.exists()


def test_it_makes_nothing_at_a_place_that_is_taken_or_relative(order: BuildOrder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in (tmp_path, tmp_path / "link"):
        with pytest.raises(errors.ForeignPathError) as raised:
            EmbeddedManager().create(taken, order)
        assert (raised.value.message, raised.value.hint) == (
            f"{taken}: exists already",
            "remove it or choose another name",
        )
    with pytest.raises(errors.EnvironmentProblem, match=r"^env: an environment needs an absolute path$"):
        EmbeddedManager().create(Path("env"), order)


def test_it_removes_the_environment_and_what_was_left_beside_it(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    (prefix / "bin").mkdir(parents=True)
    stage = half_made(prefix)
    EmbeddedManager().remove(prefix)
    EmbeddedManager().remove(prefix)
    assert not prefix.exists()
    assert not stage.exists()


def test_a_builder_that_dies_is_told_with_the_end_of_its_log(order: BuildOrder) -> None:
    order.log.parent.mkdir(parents=True)
    order.log.write_text("\n".join(f"line {number}" for number in range(20)), encoding="utf-8")
    error = embedded._died(order.log)
    assert error.message == "the embedded conda ended without an answer (it crashed, or something killed it)"
    assert error.hint == "run this again: what was downloaded is kept; or try --manager python"
    assert error.details.splitlines() == [f"line {number}" for number in range(8, 20)]
    assert error.log == str(order.log)


def test_a_builder_has_a_moment_to_end_by_itself() -> None:
    assert (embedded._EXIT_SECONDS, embedded._KILL_GRACE_SECONDS) == (2.0, 3.0)
