from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from workflow.base.errors import (
    DownloadError,
    EnvironmentProblem,
    ForeignPathError,
    IntegrityError,
    NoManagerError,
    StorageError,
    StrictnessError,
    UsageError,
    WorkflowError,
)
from workflow.base.events import Recording
from workflow.environment import Wishes, lifecycle, managers, settings, state
from workflow.environment.managers.fake import FakeManager

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.usefixtures("project")
UNREACHABLE = DownloadError("no channel answers", hint="try --mirror")


def ensure(*managers: FakeManager, wishes: Wishes | None = None) -> tuple[Environment, Recording]:
    listener = Recording()
    builders = FakeBuilders(managers=managers).builders()
    return lifecycle.ensure("e", wishes=wishes or Wishes(), listener=listener, builders=builders), listener


def plain() -> FakeManager:
    return FakeManager("python", caveats=("not a conda environment",))


def test_a_manager_that_is_not_here_is_passed_over_with_its_reason() -> None:
    made, listener = ensure(FakeManager("conda", absence="conda is not on PATH"), FakeManager("embedded"))
    assert made.manager == "embedded"
    assert "passed over conda: conda is not on PATH" in listener.lines
    assert listener.warnings == []


def test_a_fallback_is_loud_and_its_caveats_are_recorded() -> None:
    made, listener = ensure(FakeManager("embedded", failure=UNREACHABLE), plain())
    assert (made.manager, made.caveats) == ("python", ("not a conda environment",))
    assert listener.warnings == [
        "embedded could not make the environment: no channel answers",
        "using python instead",
        "made with python: not a conda environment",
    ]


def test_what_a_failed_manager_left_is_gone_before_the_next_begins() -> None:
    first, second = FakeManager("conda", failure=UNREACHABLE), FakeManager("embedded")
    made, _ = ensure(first, second)
    assert second.created == [made.prefix]


@pytest.mark.parametrize(
    "failure",
    [IntegrityError("sha256 differs"), StorageError("the disk is full"), ForeignPathError("something is there")],
)
def test_what_the_next_one_would_meet_or_hide_ends_it(failure: WorkflowError) -> None:
    second = FakeManager("embedded")
    with pytest.raises(type(failure)):
        ensure(FakeManager("conda", failure=failure), second)
    assert second.created == []


@pytest.mark.parametrize("failure", [EnvironmentProblem("KeyError: 'pkgs_dirs'", details="Traceback"), UNREACHABLE])
def test_a_manager_that_fails_gives_way_loudly_and_the_log_keeps_its_words(failure: EnvironmentProblem) -> None:
    made, listener = ensure(FakeManager("conda", failure=failure), FakeManager("embedded"))
    assert made.manager == "embedded"
    assert listener.warnings[:2] == [
        f"conda could not make the environment: {failure.message}",
        "using embedded instead",
    ]
    assert f"[failed: {failure.message}]\n{failure.details}" in state.log_path(made.prefix.name).read_text()


def test_a_manager_whose_python_does_not_run_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = FakeManager("conda"), FakeManager("embedded")
    answers = iter([None])
    asked = FakeBuilders._ask
    monkeypatch.setattr(FakeBuilders, "_ask", lambda self, python: next(answers, asked(self, python)))
    made, listener = ensure(first, second)
    assert (made.manager, first.created) == ("embedded", [made.prefix])
    assert "its interpreter" in listener.warnings[0]


def test_when_all_fail_in_other_ways_than_downloads_it_is_no_matter_of_the_network() -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        ensure(FakeManager("conda", failure=EnvironmentProblem("broken", hint="mend it")))
    assert type(caught.value) is EnvironmentProblem
    assert (caught.value.hint, caught.value.details) == ("mend it", "conda: broken")


def test_a_named_manager_is_the_only_one_tried() -> None:
    first, second = FakeManager("conda", failure=UNREACHABLE), FakeManager("embedded")
    with pytest.raises(DownloadError, match="no channel answers"):
        ensure(first, second, wishes=Wishes(manager="conda"))
    assert second.created == []


def test_a_named_manager_that_is_not_here_is_told() -> None:
    conda = FakeManager("conda", absence="conda is not on PATH")
    with pytest.raises(NoManagerError, match="conda is not on PATH"):
        ensure(conda, FakeManager("embedded"), wishes=Wishes(manager="conda"))


def test_an_unknown_manager_is_refused() -> None:
    with pytest.raises(UsageError, match="cnoda"):
        ensure(FakeManager("conda"), wishes=Wishes(manager="cnoda"))


@pytest.mark.parametrize("manager", [None, "python"])
def test_strict_refuses_a_lesser_environment(manager: str | None) -> None:
    lesser = plain()
    with pytest.raises(StrictnessError) as caught:
        ensure(FakeManager("embedded", failure=UNREACHABLE), lesser, wishes=Wishes(manager=manager, strict=True))
    assert "not a conda environment" in f"{caught.value} {caught.value.details}"
    assert lesser.created == []


@pytest.mark.parametrize(
    ("manager", "error"),
    [
        (FakeManager("conda", absence="none"), NoManagerError),
        (FakeManager("conda", failure=UNREACHABLE), DownloadError),
    ],
)
def test_when_none_is_left_all_reasons_are_given(manager: FakeManager, error: type[WorkflowError]) -> None:
    absent = FakeManager("python", absence="no CPython 3.8")
    with pytest.raises(error) as caught:
        ensure(manager, absent)
    assert caught.value.details.count("\n") == 1
    assert "python: no CPython 3.8" in caught.value.details


def test_the_managers_come_in_the_order_of_the_design() -> None:
    names = ("micromamba", "mamba", "conda", "embedded", "python", "python-nearby")
    assert managers.NAMES == settings.MANAGERS == names
    assert tuple(manager.name for manager in managers.all_managers()) == names
