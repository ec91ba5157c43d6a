from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.crews import FakeCrew
from workflow.environment import Wishes, choosing, lifecycle, settings
from workflow.environment.managers.fake import FakeManager
from workflow.errors import (
    DownloadError,
    IntegrityError,
    NoManagerError,
    StrictnessError,
    UsageError,
    WorkflowError,
)
from workflow.events import Recording

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.usefixtures("project")
UNREACHABLE = DownloadError("no channel answers", hint="try --mirror")


def ensure(*managers: FakeManager, wishes: Wishes | None = None) -> tuple[Environment, Recording]:
    listener = Recording()
    crew = FakeCrew(managers=managers).crew()
    return lifecycle.ensure("e", wishes=wishes or Wishes(), listener=listener, crew=crew), listener


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


def test_damaged_packages_end_it() -> None:
    second = FakeManager("embedded")
    with pytest.raises(IntegrityError):
        ensure(FakeManager("conda", failure=IntegrityError("sha256 differs")), second)
    assert second.created == []


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
    assert choosing.NAMES == settings.MANAGERS == names
    assert tuple(manager.name for manager in choosing.all_managers()) == names
