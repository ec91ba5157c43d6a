"""Temporary folders: gone with their process, at the latest when the next one comes; never while it lives."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes, scratch
from workflow.base.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLDING = """
import sys
from workflow.base.scratch import Scratch
held = Scratch("verify")
(held.path / "outputs").mkdir()
print(held.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(place: Path) -> Iterator[processes.Process]:
    """A process with a folder of its own in ``place``."""
    root = str(Path(scratch.__file__).parents[1])
    environ = {**os.environ, "TMPDIR": str(place), "TEMP": str(place), "PYTHONPATH": root}
    process = processes.start([sys.executable, "-c", HOLDING], stdin=processes.PIPE, env=environ)
    yield process
    processes.kill(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def folder_of(process: processes.Process) -> Path:
    assert process.stdout is not None
    return Path(process.stdout.readline().decode().strip())


def test_a_folder_lasts_as_long_as_its_block(place: Path) -> None:
    with scratch.folder("verify") as path:
        assert path.parent == place
        assert path.name.startswith("tfjs-verify-")
        (path / "file").write_text("x")
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_live_one_has_is_not(
    place: Path, holder: processes.Process
) -> None:
    left, own = folder_of(holder), Scratch("references")
    scratch.clear(str(place))
    assert left.is_dir()
    assert own.path.is_dir()
    processes.kill(holder, grace=0)
    scratch.clear(str(place))
    assert not left.exists()
    assert own.path.is_dir()
    own.close()


def test_the_first_folder_of_a_process_clears_up_after_others(
    place: Path, holder: processes.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = folder_of(holder)
    processes.kill(holder, grace=0)
    with scratch.folder("verify"):
        assert not left.exists()


def test_folders_that_nobody_marked_and_links_are_left_alone(place: Path) -> None:
    other = place / "tfjs-located-1"
    other.mkdir()
    aim = place / "aim"
    aim.mkdir()
    (aim / scratch._MARK).write_bytes(b"")
    (place / "tfjs-verify-link").symlink_to(aim)
    scratch.clear(str(place))
    assert {entry.name for entry in place.iterdir()} == {"tfjs-located-1", "tfjs-verify-link", "aim"}


@pytest.mark.skipif(os.name != "posix", reason="users")
def test_folders_of_other_users_are_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = place / "tfjs-verify-1"
    left.mkdir()
    (left / scratch._MARK).write_bytes(b"")
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    scratch.clear(str(place))
    assert left.is_dir()
    monkeypatch.undo()
    scratch.clear(str(place))
    assert not left.exists()
