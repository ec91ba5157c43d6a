"""What failures have in common: sorts by tens, a tree that is drawn as it is, and an end of the command line."""

from __future__ import annotations

import re

import pytest

from workflow.base import errors
from workflow.base.errors import WorkflowError
from workflow.cli import boundary, main

FAMILIES = {
    "RecipeError": range(10, 20),
    "EnvironmentProblem": range(20, 30),
    "ConversionError": range(30, 40),
    "VerificationError": range(40, 50),
}


def kinds(parent: type[WorkflowError] = WorkflowError) -> list[type[WorkflowError]]:
    """Return the class and all that are derived from it."""
    return [parent, *(found for child in parent.__subclasses__() for found in kinds(child))]


def test_the_tens_of_a_code_tell_the_sort_of_failure() -> None:
    for kind in kinds():
        for family, codes in FAMILIES.items():
            assert issubclass(kind, getattr(errors, family)) == (kind.exit_code in codes), kind


def ours() -> dict[str, int]:
    return {kind.__name__: kind.exit_code for kind in kinds() if kind.__module__ == errors.__name__}


def test_the_tree_in_the_text_of_the_module_is_the_one_of_the_classes() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"^[│├└─ ]*(\w+)\s{2,}(\d+)  ", errors.__doc__, re.MULTILINE)
    assert {name: int(code) for name, code in drawn} == ours()


@pytest.mark.parametrize(("name", "code"), ours().items())
def test_the_command_line_ends_with_the_code_and_shows_message_and_hint(
    name: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind: type[WorkflowError] = getattr(errors, name)

    def fails(_: object) -> None:
        raise kind("it went wrong", hint="do it otherwise")

    monkeypatch.setattr(main, "run", fails)
    assert boundary.guarded(["plan", "x.yml"]) == code
    shown = capsys.readouterr().err
    assert "it went wrong" in shown
    assert "do it otherwise" in shown


def test_a_failure_for_programs_has_these_fields() -> None:
    error = errors.StorageError("full", hint="make room", details="3 kB", log="/a/log", full=True)
    assert error.as_json() == {
        "class": "StorageError",
        "exit_code": 36,
        "message": "full",
        "hint": "make room",
        "details": "3 kB",
        "log": "/a/log",
    }
