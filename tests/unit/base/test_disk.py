"""What the system refuses is told in words, with what to do about it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from workflow.base import disk

OUTPUT = Path("/nowhere/of/ours/model.json")
TOLD = {
    errno.EFBIG: ("the file would be larger than is allowed here", "see `ulimit -f`"),
    errno.EROFS: ("the file system is read-only", "choose an output on a disk that can be written"),
    errno.EACCES: ("permission denied", "check who owns the folder, or choose another output"),
    errno.EPERM: ("the system forbids it", "check who owns the folder, or choose another output"),
    errno.EIO: ("the disk reports an error", "look at the system's log, and copy what you need to another disk"),
    errno.ENAMETOOLONG: ("the file name is too long", "choose a shorter output path"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another output path"),
    errno.ELOOP: ("its links lead in a circle", "choose another output path"),
    errno.EMFILE: ("too many files are open", "raise the limit (`ulimit -n`) and run the same command again"),
    errno.ENFILE: ("too many files are open on this machine", "close some programs and run the same command again"),
}
FULL = {
    errno.ENOSPC: ("the disk is full", "free some space there and run the same command again"),
    errno.EDQUOT: ("your disk quota is used up", "free some space and run the same command again"),
}


@pytest.mark.parametrize("number", TOLD, ids=errno.errorcode.get)
def test_each_refusal_has_its_words_and_its_remedy(number: int) -> None:
    found = disk.refusal(OSError(number, os.strerror(number)), OUTPUT, doing="write")
    assert found is not None
    assert (found.message, found.hint) == (f"cannot write {OUTPUT}: {TOLD[number][0]}", TOLD[number][1])
    assert (found.exit_code, found.full) == (36, False)


@pytest.mark.parametrize("number", FULL, ids=errno.errorcode.get)
def test_a_lack_of_room_is_told_with_the_room_there_is(number: int, tmp_path: Path) -> None:
    found = disk.refusal(OSError(number, os.strerror(number)), tmp_path / "model.json", doing="write")
    assert found is not None
    assert found.message.startswith(f"cannot write {tmp_path / 'model.json'}: {FULL[number][0]} (")
    assert FULL[number][1] in found.hint
    assert found.full


def test_what_is_no_matter_of_the_machine_is_no_refusal() -> None:
    assert disk.refusal(OSError(errno.ENOENT, "No such file or directory"), OUTPUT) is None


def statvfs(blocks: int, *, files: int = 100, left: int = 50) -> os.statvfs_result:
    return os.statvfs_result((512, 1000, 8000, blocks, blocks, files, left, left, 0, 255))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (statvfs(1048), " (1.0 MB of 8.0 MB are left on {})"),
        (statvfs(1049), ""),
        (statvfs(1, left=0), " (1.0 kB of 8.0 MB are left on {}, and no more files fit on it)"),
        (statvfs(5000, left=0), " (5.0 MB of 8.0 MB are left on {}, and no more files fit on it)"),
        (statvfs(5000, files=0, left=0), ""),
        (statvfs(7), " (7.0 kB of 8.0 MB are left on {})"),
    ],
)
def test_a_disk_is_full_below_a_mebibyte_or_without_names(
    found: os.statvfs_result, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: found)
    monkeypatch.setattr(disk, "_mount", lambda _: Path("/disk"))
    assert disk.crowded(tmp_path) == told.format("/disk")


def test_of_several_places_the_first_full_one_is_told_and_one_that_nobody_knows_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(path: Path) -> os.statvfs_result:
        if path.name == "odd":
            raise OSError(errno.EIO, "x")
        return statvfs(1 if path.name == "full" else 5000)

    for name in ("odd", "full", "fine"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(os, "statvfs", found)
    assert disk.crowded(tmp_path / "fine") == ""
    told = disk.crowded(tmp_path / "odd", tmp_path / "fine", tmp_path / "full" / "not" / "there")
    assert told.startswith(" (1.0 kB of 8.0 MB are left on ")


def test_the_folder_at_which_a_disk_is_attached_is_the_last_on_the_same_device(tmp_path: Path) -> None:
    found = disk._mount(tmp_path)
    assert tmp_path.is_relative_to(found)
    assert found.lstat().st_dev == tmp_path.lstat().st_dev
    assert found == found.parent or found.parent.lstat().st_dev != found.lstat().st_dev


def test_a_folder_of_the_tools_own_has_a_remedy_of_its_own(
    tool_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = {
        tool_home / "cache" / "x": f"what can be fetched again is kept in {tool_home / 'cache'}",
        tool_home / "envs" / "x": f"the tool's own files are in {tool_home}",
    }
    for place, kept in words.items():
        refused = disk.refusal(PermissionError(errno.EACCES, "x"), place)
        assert refused is not None
        assert refused.hint == f"{kept}; TFJS_WORKFLOW_HOME names another folder"
        full = disk.refusal(OSError(errno.ENOSPC, "x"), place)
        assert full is not None
        assert full.hint == f"{FULL[errno.ENOSPC][1]}; {kept}; TFJS_WORKFLOW_HOME names another folder"
    refused = disk.refusal(PermissionError(errno.EACCES, "x"), tmp_path / "tfjs-x")
    assert refused is not None
    assert refused.hint == f"temporary files go to {tmp_path}; TMPDIR names another folder"


def test_without_a_folder_for_temporary_files_that_is_what_is_told() -> None:
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    refused = disk.refusal(error)
    assert refused is not None
    assert refused.message == "there is no folder for temporary files: none of the usual ones can be written"
    assert refused.hint == "set TMPDIR to a folder that exists and has room"


def test_what_was_met_is_named_unless_it_is_the_place_or_a_part_or_an_unfinished_file_of_it() -> None:
    place = Path("/p/web")
    met = {"/p/web": "", "/p/web/a": "", "/p": "", "/p/.web.7.partial": "", "/q": " (/q)", "/p/webs": " (/p/webs)"}
    assert {name: disk._elsewhere(name, place) for name in met} == met
    assert [disk._elsewhere(None, place), disk._elsewhere("/q", "/p"), disk._elsewhere(7, place)] == ["", "", ""]
