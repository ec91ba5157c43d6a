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
