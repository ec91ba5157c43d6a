"""The exit code of every failure, which scripts of users depend on: a code once given is never another one."""

from __future__ import annotations

import re

import pytest

from workflow import errors
from workflow.cli import boundary, main
from workflow.errors import WorkflowError

CODES = {
    "WorkflowError": 1,
    "UsageError": 2,
    "RecipeError": 10,
    "RecipeNotFoundError": 11,
    "EnvironmentProblem": 20,
    "NoManagerError": 21,
    "DownloadError": 22,
    "IntegrityError": 23,
    "UnhealthyError": 24,
    "ForeignPathError": 25,
    "StrictnessError": 26,
    "ConversionError": 30,
    "ModelFileError": 31,
    "OversizedModelError": 31,
    "OutputRefusedError": 32,
    "ReferenceConverterError": 33,
    "WorkerDiedError": 34,
    "StepTimeoutError": 35,
    "StorageError": 36,
    "VerificationError": 40,
    "StructureError": 41,
    "WeightsError": 42,
    "ContractError": 43,
    "OutputsError": 44,
    "RuntimeRequiredError": 45,
    "NoProofError": 46,
    "InterruptedRunError": 130,
}
FAMILIES = {
    "RecipeError": range(10, 20),
    "EnvironmentProblem": range(20, 30),
    "ConversionError": range(30, 40),
    "VerificationError": range(40, 50),
}


def kinds(parent: type[WorkflowError] = WorkflowError) -> list[type[WorkflowError]]:
    """Return the class and all that are derived from it."""
    return [parent, *(found for child in parent.__subclasses__() for found in kinds(child))]


def test_every_failure_has_the_code_that_it_has_always_had() -> None:
    assert {kind.__name__: kind.exit_code for kind in kinds() if kind.__module__ == errors.__name__} == CODES


def test_the_tens_of_a_code_tell_the_sort_of_failure() -> None:
    for kind in kinds():
        for family, codes in FAMILIES.items():
            assert issubclass(kind, getattr(errors, family)) == (kind.exit_code in codes), kind


def test_the_tree_in_the_text_of_the_module_is_the_one_of_the_classes() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"^[│├└─ ]*(\w+)\s{2,}(\d+)  ", errors.__doc__, re.MULTILINE)
    assert {name: int(code) for name, code in drawn} == CODES


@pytest.mark.parametrize(("name", "code"), CODES.items())
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
