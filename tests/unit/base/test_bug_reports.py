"""What a report of a bug holds, and where it is written."""

from __future__ import annotations

import os
import platform
import re
import tempfile
from typing import TYPE_CHECKING

from workflow import __version__
from workflow.base import bug_reports, locations

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def failure() -> Exception:
    try:
        int("see https://me:secret@host/a?token=1")
    except ValueError as error:
        return error
    raise AssertionError


def test_a_report_has_command_versions_and_traceback_and_no_secrets() -> None:
    lines = bug_reports.report_of(failure(), ["convert", "my file", "https://me:secret@host/?t=1"]).split("\n")
    assert lines[:6] == [
        f"# ValueError in tfjs-workflow {__version__}",
        "",
        "- command: `tfjs-workflow convert 'my file' 'https://host/?...'`",
        f"- Python {platform.python_version()} on {platform.platform()}",
        "",
        "```",
    ]
    assert lines[6] == "Traceback (most recent call last):"
    assert lines[-3:] == ["ValueError: invalid literal for int() with base 10: 'see https://host/a?...'", "```", ""]


def test_it_is_written_below_the_cache_under_a_name_of_time_and_process() -> None:
    path = bug_reports.written("text \udcff")
    assert path is not None
    assert path.parent == locations.cache() / "bugs"
    assert re.fullmatch(rf"bug-20\d{{6}}-\d{{6}}-{os.getpid()}\.md", path.name)
    assert path.read_text(encoding="utf-8") == "text \\udcff"


def test_without_a_home_or_a_cache_it_goes_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TFJS_WORKFLOW_HOME")
    monkeypatch.setattr("platformdirs.user_cache_path", no_home)
    path = bug_reports.written("text")
    assert path is not None
    assert path.parent == tmp_path
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(tmp_path / "file"))
    path = bug_reports.written("text")
    assert path is not None
    assert path.parent == tmp_path


def no_home(*_: object, **__: object) -> Path:
    raise RuntimeError("no home")


def test_where_nothing_can_be_written_there_is_no_report_and_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object, **__: object) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("pathlib.Path.write_text", full)
    assert bug_reports.written("text") is None
    assert list(tmp_path.iterdir()) == []
    assert list((locations.cache() / "bugs").iterdir()) == []
