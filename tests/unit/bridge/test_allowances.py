"""How much a job has written: what is counted, and from which byte on it is too much."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import ConversionError
from workflow.bridge import allowances
from workflow.bridge.allowances import Allowance

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = 32_768


def granted(disk: int) -> Allowance:
    return Allowance(memory=1, file=1, disk=disk)


def test_files_count_by_their_blocks_and_each_entry_for_itself(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("/")
    links = os.lstat(tmp_path / "link")
    taken = (tmp_path / "inner" / "file").stat().st_blocks * 512 + 3 * ENTRY + (links.st_blocks * 512 or links.st_size)
    assert allowances._taken(tmp_path) == taken
    granted(taken).require_kept([tmp_path])
    granted(2 * taken).require_kept([tmp_path, tmp_path])
    for disk, folders in ((taken - 1, [tmp_path]), (2 * taken - 1, [tmp_path, tmp_path])):
        with pytest.raises(ConversionError):
            granted(disk).require_kept(folders)


def test_it_is_told_with_what_was_allowed(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        granted(-1_600_000_000).require_kept([tmp_path])
    assert caught.value.message == "the model makes the job write more than -2 GB, and was stopped"
    assert caught.value.hint == (
        "free some space if the model is as large as that; otherwise it is not what it seems to be"
    )


def test_a_folder_that_is_gone_takes_nothing_and_a_file_in_its_place_neither(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert allowances._taken(tmp_path / "gone") == allowances._taken(tmp_path / "file") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="others do not tell")
def test_a_removed_file_counts_once_however_often_it_is_open_and_one_with_a_name_not(tmp_path: Path) -> None:
    with (tmp_path / "gone").open("wb") as gone, (tmp_path / "there").open("wb") as there:
        for file in (gone, there):
            file.write(b"x" * 100_000)
            file.flush()
        (tmp_path / "gone").unlink()
        taken = os.fstat(gone.fileno()).st_blocks * 512
        second = os.dup(gone.fileno())
        assert allowances._without_names(os.getpid()) == taken
        os.close(second)
    assert allowances._without_names(1 << 30) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="limits from outside are Linux's")
def test_limits_are_set_from_outside_and_none_is_raised() -> None:
    import resource  # noqa: PLC0415  not on Windows
    import subprocess  # noqa: PLC0415  as above

    asked = Allowance(memory=1 << 33, file=1 << 31, disk=1)
    which = (resource.RLIMIT_DATA, resource.RLIMIT_AS, resource.RLIMIT_FSIZE)
    with subprocess.Popen(["sleep", "60"]) as process:
        before = [resource.prlimit(process.pid, each)[1] for each in which]
        assert allowances.impose(process.pid, asked)
        addresses = asked.memory + (32 << 30) + (1 << 30) * (os.cpu_count() or 1)
        wanted = [
            (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
            for most, hard in zip((asked.memory, addresses, asked.file), before, strict=True)
        ]
        assert [resource.prlimit(process.pid, each) for each in which] == wanted
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
        assert allowances.impose(process.pid, asked)
        assert resource.prlimit(process.pid, resource.RLIMIT_FSIZE) == (1000, 1000)
        process.kill()
    assert allowances.impose(process.pid, asked)


@pytest.mark.skipif(sys.platform != "linux", reason="limits from outside are Linux's")
@pytest.mark.parametrize("refusal", [PermissionError, ProcessLookupError])
def test_limits_that_cannot_be_set_are_no_error(refusal: type[OSError], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr("resource.prlimit", refuse)
    assert allowances.impose(os.getpid(), granted(1))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not allowances.impose(os.getpid(), granted(1))
