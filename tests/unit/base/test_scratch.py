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


def test_a_folder_is_closed_to_others_marked_and_where_it_was_asked_for(place: Path, tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    own, other = Scratch("verify"), Scratch("airlock", place=tmp_path / "beside")
    assert (own.path.parent, other.path.parent) == (place, tmp_path / "beside")
    assert other.path.name.startswith("tfjs-airlock-")
    assert own.path.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in own.path.iterdir()] == [".tfjs-workflow-in-use"]
    for made in (own, other, own):
        made.close()
    assert not own.path.exists()
    assert not other.path.exists()


def test_folders_that_others_left_are_removed_by_their_pattern_but_no_files_and_links(tmp_path: Path) -> None:
    for name in (".tmpA/in", ".tmpB", "kept"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".tmpfile").touch()
    (tmp_path / ".tmplink").symlink_to(tmp_path / "kept")
    scratch.clear_folders(tmp_path, ".tmp*")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".tmpfile", ".tmplink", "kept"]
    scratch.clear_folders(tmp_path / "nowhere", "*")


def test_a_block_that_fails_leaves_no_folder(place: Path) -> None:
    with pytest.raises(ValueError, match="once"), scratch.folder("verify") as path:
        raise ValueError("once")
    assert not path.exists()


def test_where_nothing_can_be_locked_a_folder_has_no_mark_and_is_left_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_locks(_: object) -> bool:
        raise OSError(37, "No locks available")

    with monkeypatch.context() as patched:
        patched.setattr("workflow.base.locks.take", without_locks)
        made = Scratch("verify")
    assert [path.name for path in made.path.iterdir()] == [".tfjs-workflow-in-use.new"]
    scratch.clear(str(place))
    assert made.path.is_dir()
    made.close()
    scratch.clear(str(place / "nowhere"))
