"""Disks that are full and folders that refuse: the error says which, how much room there is, and what helps."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import ROOT
from tests.unit.machines.conditions import COMMAND, lay_out
from workflow.base import bug_reports, dialogue, disk, locations, scratch
from workflow.base.errors import StorageError
from workflow.base.storage import storing
from workflow.cli import boundary

IN_A_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
SIZES = ("size=4k", "nr_inodes=3")


def can_mount() -> bool:
    words = [*IN_A_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and not subprocess.run(words, check=False).returncode


SCRIPT = """
mount -t tmpfs -o "$OPTIONS" tmpfs "$PLACE" || exit 9
cp -r "$TOP"/source/. "$TOP"/work; cd "$TOP"/work
run() { "$@" convert r.yml 2>&1 >/dev/null; echo "$?%"; }
run "$@"; run "$@"
mount -o remount,size=10m,nr_inodes=500 "$PLACE"
run "$@"
ls -A >"$TOP"/left
"""


def on_a_small_disk(top: Path, place: str, options: str) -> list[tuple[str, str]]:
    """Convert twice with ``place`` on a disk of this size, once more with room, and return code and words of each."""
    lay_out(top / "source", weights=10_000)
    for name in ("work", "home", "temp"):
        (top / name).mkdir()
    ours = {"TFJS_WORKFLOW_HOME": top / "home", "TMPDIR": top / "temp", "PYTHONPATH": ROOT, "TOP": top}
    variables = {name: str(path) for name, path in ours.items()} | {"PLACE": str(top / place), "OPTIONS": options}
    words = [*IN_A_NAMESPACE, "sh", "-c", SCRIPT, "sh", *COMMAND]
    done = subprocess.run(words, env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    told = [part.rpartition("\n") for part in done.stdout.split("%\n")[:-1]]
    return [(code, said) for said, _, code in told]


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount")
@pytest.mark.parametrize(
    ("place", "options"),
    [*(("home", options) for options in SIZES), *(("work", f"size={size}k") for size in (56, 84, 120))],
)
def test_a_full_disk_is_an_error_that_names_it_and_with_room_the_command_goes_on(
    tmp_path: Path, place: str, options: str
) -> None:
    *before, (last, _) = on_a_small_disk(tmp_path, place, options)
    for code, said in before:
        assert code == "0" or (code == "36" and f"are left on {tmp_path / place}" in said), (code, said)
    assert last == "0"
    left = (tmp_path / "left").read_text().split()
    assert sorted(left) == [".tfjs-workflow", "out", "out.tfjs-workflow.json", "r.yml", "web"]


def test_at_least_one_of_these_disks_is_full(tmp_path: Path) -> None:
    if not can_mount():
        pytest.skip("this machine lets nobody mount")
    (code, said), *_ = on_a_small_disk(tmp_path, "work", "size=84k")
    assert code == "36"
    assert "the input has 40.3 kB, and the result takes about as much" in said


REFUSALS = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP]


@pytest.mark.parametrize("number", REFUSALS)
def test_what_the_system_refuses_is_no_bug_of_ours_wherever_it_happens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def refuse(_arguments: object) -> int:
        raise OSError(number, os.strerror(number), "/some/where")

    monkeypatch.setattr("workflow.cli.main.run", refuse)
    assert boundary.guarded(["env", "list"]) == 36
    said = capsys.readouterr().err
    assert "cannot use /some/where" in said
    assert "what to do" in said
    assert "Traceback" not in said


def test_other_errors_of_the_system_are_bugs_and_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_arguments: object) -> int:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), "/some/where")

    monkeypatch.setattr("workflow.cli.main.run", fail)
    assert boundary.guarded(["env", "list"]) == 1
    [report] = (locations.cache() / "bugs").iterdir()
    assert "FileExistsError" in report.read_text()
    assert str(report) in capsys.readouterr().err.replace("\n", "")


def test_a_bug_report_that_can_be_written_nowhere_goes_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_arguments: object) -> int:
        raise ZeroDivisionError("once")

    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("workflow.cli.main.run", fail)
    monkeypatch.setattr(Path, "write_text", full)
    assert boundary.guarded(["env", "list"]) == 1
    said = capsys.readouterr().err
    assert "this is a bug in tfjs-workflow: ZeroDivisionError: once" in said
    assert "Traceback (most recent call last)" in said
    assert "could be written nowhere" in said


def test_what_ran_on_a_full_disk_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    disk.require_room(tmp_path)
    found = os.statvfs(tmp_path)
    full = os.statvfs_result((*found[:3], 0, 0, *found[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    with pytest.raises(StorageError, match="could not write its answers: the disk is full \\(0 B of") as caught:
        disk.require_room(tmp_path)
    assert caught.value.full


def test_a_temporary_folder_that_cannot_be_marked_as_ours_does_not_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scratch, "_marked", full)
    with pytest.raises(OSError, match="No space"):
        scratch.Scratch("test", place=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_is_no_fault_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write .*worker\.log"):
        dialogue.begin(lambda _: ["true"], environ={}, log=tmp_path / "file" / "logs" / "worker.log")


def test_a_bug_report_holds_names_that_are_no_text(tmp_path: Path) -> None:
    path = bug_reports.written(bug_reports.report_of(ValueError("\udcff"), ["check", "\udcff"]))
    assert path is not None
    assert r"\udcff" in path.read_text(encoding="utf-8")


def test_an_output_among_temporary_files_is_not_taken_for_one(tmp_path: Path) -> None:
    error = OSError(errno.EACCES, "x", str(tmp_path / "out"))
    refused = disk.refusal(error, tmp_path / "out")
    assert refused is not None
    assert "TMPDIR" not in refused.hint


def test_what_was_met_elsewhere_is_named_beside_what_was_written(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"cannot write .*out: permission denied \(/the/source\)"),
        storing(tmp_path / "out"),
    ):
        raise PermissionError(errno.EACCES, "x", "/the/source")
