"""What every failure carries: for people and for programs."""

from __future__ import annotations

import pytest

from workflow.base import errors
from workflow.base.errors import DeclinedError, StorageError, VerificationError, WorkflowError


def all_kinds(kind: type[WorkflowError] = WorkflowError) -> list[type[WorkflowError]]:
    return [
        kind,
        *(inner for each in kind.__subclasses__() if each.__module__ == kind.__module__ for inner in all_kinds(each)),
    ]


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.__name__)
def test_a_failure_has_its_words_and_none_that_it_was_not_given(kind: type[WorkflowError]) -> None:
    bare = kind("what")
    assert (str(bare), bare.message, bare.hint, bare.details, bare.log) == ("what", "what", "", "", "")
    assert bare.answered is False
    full = kind("what", hint="do", details="more", log="/log")
    assert full.as_json() == {
        "class": kind.__name__,
        "exit_code": kind.exit_code,
        "message": "what",
        "hint": "do",
        "details": "more",
        "log": "/log",
    }


def test_every_exit_code_is_the_one_of_the_table() -> None:
    listed = [line for line in (errors.__doc__ or "").splitlines() if "Error " in line or "Problem " in line]
    told = {words[0]: int(words[1]) for line in listed if (words := line.lstrip("\u251c\u2514\u2500\u2502 ").split())}
    assert told == {kind.__name__: kind.exit_code for kind in all_kinds()}


def test_some_carry_more() -> None:
    assert (StorageError("x").full, StorageError("x", full=True).full) == (False, True)
    assert VerificationError("x").facts == {}
    assert errors.AskedToEndError(15).number == 15
    declined = DeclinedError("why")
    assert (str(declined), declined.reason, declined.route) == ("why", "why", "reference")
    assert DeclinedError("why", route="graph").route == "graph"
