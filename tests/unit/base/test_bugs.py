"""What the user is told of an error that no code foresaw."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workflow.base import bug_reports, bugs
from workflow.base.errors import StorageError, UsageError, WorkflowError

HINT = "please report it with {} holds the traceback and versions, no environment variables"


def test_a_bug_is_told_with_its_report() -> None:
    found = bugs.unforeseen(ValueError("odd"), ["check", "a b"])
    assert type(found) is WorkflowError
    assert found.message == "this is a bug in tfjs-workflow: ValueError: odd"
    assert found.hint == HINT.format("the file below; it")
    assert found.details == ""
    assert "tfjs-workflow check 'a b'" in Path(found.log).read_text(encoding="utf-8")


def test_a_bug_whose_report_can_be_written_nowhere_is_told_with_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bug_reports, "written", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["tfjs-workflow", "plan"])
    found = bugs.as_error(ValueError("odd"))
    assert found.hint == HINT.format("what stands above, which could be written nowhere; it")
    assert found.log == ""
    assert found.details.startswith("# ValueError in tfjs-workflow")
    assert "`tfjs-workflow plan`" in found.details


def test_what_the_machine_refuses_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    found = bugs.unforeseen(PermissionError(13, "Permission denied", "/x"), [])
    assert type(found) is StorageError
    assert found.message == "cannot use /x: permission denied"
    assert bugs.unforeseen(FileNotFoundError(2, "No such file", "/x"), []).exit_code == 1


@pytest.mark.parametrize(
    ("encoding", "kind"), [("ascii", UsageError), ("utf-8", WorkflowError), ("latin-1", WorkflowError)]
)
def test_a_name_that_the_system_cannot_spell_is_no_bug(
    encoding: str, kind: type[WorkflowError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    found = bugs.unforeseen(UnicodeEncodeError("ASCII", "\u00e9", 0, 1, "ordinal not in range"), [])
    assert type(found) is kind
    if kind is UsageError:
        assert found.message == "file names are in ascii here, which cannot spell '\\xe9'"
        assert found.hint == "set PYTHONUTF8=1, or LANG to a UTF-8 locale such as C.UTF-8"
