"""What a job's own code may leave behind to trick the host that looks at it: links on the way, depths, names, races."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.base import scratch
from workflow.base.errors import ConversionError, StorageError
from workflow.bridge.allowances import Allowance

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.bridge.airlock import Airlock, Passage

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, modes and names of bytes")
_DEEP = 3000


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder of the user's with the names that the host will look for."""
    folder = tmp_path / "private"
    (folder / "0").mkdir(parents=True)
    for name in ("log", "result", "0/result"):
        (folder / name).write_text("secret")
    return folder


def result(passage: Passage, tmp_path: Path) -> Path:
    place = Path(passage.result(str(tmp_path / "result")))
    passage.hand_over()
    return place


def whole_room(place: Path, private: Path) -> None:
    shutil.rmtree(place.parents[1])
    place.parents[1].symlink_to(private)


def room_of_the_result(place: Path, private: Path) -> None:
    place.parent.rmdir()
    place.parent.symlink_to(private)


def room_that_is_a_file(place: Path, private: Path) -> None:
    shutil.rmtree(place.parents[1])
    os.link(private / "log", place.parents[1])


@pytest.mark.parametrize("trick", [whole_room, room_of_the_result, room_that_is_a_file])
def test_a_link_on_the_way_to_a_result_does_not_lead_the_host_to_the_users_files(
    passage: Passage, tmp_path: Path, private: Path, trick: Callable[[Path, Path], None]
) -> None:
    trick(result(passage, tmp_path), private)
    passage.take_log(tmp_path / "log")
    with pytest.raises(ConversionError, match="a link, or no folder"):
        passage.take_results()
    assert {file.relative_to(private).as_posix() for file in private.rglob("*")} == {"0", "0/result", "log", "result"}
    assert not (tmp_path / "result").exists()
    assert not (tmp_path / "log").exists() or (tmp_path / "log").read_text() == ""


def test_a_room_that_is_there_before_its_job_is_not_used(airlock: Airlock, tmp_path: Path, private: Path) -> None:
    (airlock.writes / "1").symlink_to(private)
    passage = airlock.passage()
    (tmp_path / "other").write_text("stands there already")
    passage.result(str(tmp_path / "other"))
    with pytest.raises(StorageError):
        passage.hand_over()
    passage.close()
    assert {file.name for file in private.rglob("*")} == {"0", "log", "result"}


def test_a_room_that_cannot_be_moved_holds_no_results(
    passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = result(passage, tmp_path)
    place.write_text("x")

    def refuse(_: Path, __: Path) -> None:
        raise PermissionError  # as for the user of a folder without the right to write

    monkeypatch.setattr(Path, "rename", refuse)
    passage.take_log(tmp_path / "log")
    passage.take_results()
    assert not (tmp_path / "result").exists()


def test_what_a_job_makes_anew_in_its_place_is_left_alone_while_it_lives(passage: Passage, tmp_path: Path) -> None:
    room = result(passage, tmp_path).parents[1]
    passage.take_results()
    room.mkdir()
    passage.close()
    assert room.exists()


def dig(folder: Path, depth: int = _DEEP) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("end", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_a_result_deeper_than_python_can_follow_is_none_and_is_removed(passage: Passage, tmp_path: Path) -> None:
    place = result(passage, tmp_path)
    place.mkdir()
    dig(place)
    passage.take_log(tmp_path / "log")
    with pytest.raises(ConversionError, match="nested more than"):
        passage.take_results()


def test_what_is_left_beside_the_results_is_removed_however_deep(passage: Passage, tmp_path: Path) -> None:
    place = result(passage, tmp_path)
    place.write_text("sound")
    (place.parents[1] / "other").mkdir()
    dig(place.parents[1] / "other")
    (place.parents[1] / "closed" / "inner").mkdir(parents=True)
    (place.parents[1] / "closed").chmod(0)
    passage.take_results()
    assert (tmp_path / "result").read_text() == "sound"


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path, private: Path) -> None:
    (tmp_path / "link").symlink_to(private)
    scratch.remove(tmp_path / "link")
    assert not os.path.lexists(tmp_path / "link")
    assert (private / "log").exists()


@pytest.mark.parametrize("name", [b"\xff\xfe", b"a\nb", b"\x1b[31m"])
def test_a_name_that_is_no_text_is_no_result(passage: Passage, tmp_path: Path, name: bytes) -> None:
    place = result(passage, tmp_path)
    place.mkdir()
    Path(os.fsdecode(os.path.join(os.fsencode(place), name))).touch()  # noqa: PTH118  of bytes
    with pytest.raises(ConversionError, match="no text"):
        passage.take_results()


def test_a_result_that_its_owner_cannot_read_is_opened(passage: Passage, tmp_path: Path) -> None:
    place = result(passage, tmp_path)
    (place / "inner").mkdir(parents=True)
    (place / "inner" / "file").touch(mode=0)
    (place / "inner").chmod(0)
    passage.take_results()
    assert (tmp_path / "result" / "inner").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "result" / "inner" / "file").stat().st_mode & 0o777 == 0o600


def test_nothing_is_hidden_from_the_count_of_the_disk_by_depth_or_by_number(tmp_path: Path) -> None:
    granted = Allowance(memory=1, file=1, disk=1 << 20)
    for number in range(20):
        (tmp_path / str(number)).touch()
    granted.require_kept([tmp_path])
    for number in range(20, 40):
        (tmp_path / str(number)).touch()
    with pytest.raises(ConversionError, match="write more than"):
        granted.require_kept([tmp_path])
    (tmp_path / "deep").mkdir()
    dig(tmp_path / "deep")
    with pytest.raises(ConversionError, match="write more than"):
        Allowance(memory=1, file=1, disk=1 << 40).require_kept([tmp_path])
    scratch.remove(tmp_path / "deep")
    assert not (tmp_path / "deep").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="others do not tell")
def test_files_that_are_removed_and_still_open_are_counted(tmp_path: Path) -> None:
    granted = Allowance(memory=1, file=1, disk=1 << 20)
    with (tmp_path / "gone").open("wb") as gone:
        gone.write(b"x" * (2 << 20))
        gone.flush()
        (tmp_path / "gone").unlink()
        granted.require_kept([tmp_path])
        with pytest.raises(ConversionError, match="write more than"):
            granted.require_kept([tmp_path], os.getpid())
    granted.require_kept([tmp_path], os.getpid())


def test_a_link_in_a_tree_that_is_deeper_than_python_can_follow_leads_nowhere(tmp_path: Path, private: Path) -> None:
    (private / "inner").mkdir()
    private.chmod(0o750)
    for name in ("deep", "closed"):
        (tmp_path / name / "a").mkdir(parents=True)
        (tmp_path / name / "a" / "link").symlink_to(private)
        (tmp_path / name / "link").symlink_to(private / "inner")
    dig(tmp_path / "deep" / "a", 70)
    (tmp_path / "closed" / "a").chmod(0)
    for name in ("deep", "closed"):
        scratch.remove(tmp_path / name)
        assert not (tmp_path / name).exists()
    assert private.stat().st_mode & 0o777 == 0o750
    assert (private / "inner").is_dir()
    assert (private / "log").exists()
