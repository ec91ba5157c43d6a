"""What a job's own code may leave behind to trick the host that looks at it: links on the way, depths, names, races."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.base import scratch
from workflow.base.errors import ConversionError, ModelFileError, StorageError
from workflow.bridge import airlock as airlock_module
from workflow.bridge.airlock import Airlock
from workflow.bridge.allowances import Allowance

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.bridge.airlock import Passage

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


TAMPERED = "what a model leaves in its place is no result; who made it may know why. Do not use the model"


def nested(place: Path, depth: int) -> None:
    place.joinpath(*(["d"] * depth)).mkdir(parents=True)


def named(place: Path, name: str) -> None:
    place.mkdir()
    (place / name).touch()


@pytest.mark.parametrize(
    ("made", "wrong", "where"),
    [
        (lambda place: place.symlink_to("/"), "a link", ""),
        (os.mkfifo, "no plain file", ""),
        (lambda place: nested(place, 33), "folders nested more than 32 deep", "/" + "/".join("d" * 33)),
        (lambda place: named(place, "a\nb"), "a name that is no text", "/a\nb"),
        (lambda place: named(place, "a\udcff"), "a name that is no text", "/a\udcff"),
    ],
    ids=["link", "pipe", "deep", "line", "bytes"],
)
def test_what_is_no_result_is_told_with_the_place_where_it_was_to_be(
    passage: Passage, tmp_path: Path, made: Callable[[Path], None], wrong: str, where: str
) -> None:
    made(result(passage, tmp_path))
    with pytest.raises(ConversionError) as caught:
        passage.take_results()
    assert caught.value.message == f"the job left {wrong} where {tmp_path / 'result'}{where} was to be written"
    assert caught.value.hint == TAMPERED


def test_a_result_may_be_as_deep_as_32_folders(passage: Passage, tmp_path: Path) -> None:
    nested(result(passage, tmp_path), 32)
    passage.take_results()
    assert tmp_path.joinpath("result", *(["d"] * 32)).is_dir()


def test_a_link_on_the_way_is_told_without_a_place(passage: Passage, tmp_path: Path, private: Path) -> None:
    room_of_the_result(result(passage, tmp_path), private)
    with pytest.raises(ConversionError) as caught:
        passage.take_results()
    assert caught.value.message == "the job left a link, or no folder, where its results were to be"
    assert caught.value.hint == TAMPERED


def test_a_result_that_cannot_be_put_in_its_place_is_told(passage: Passage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = Path(passage.result(str(tmp_path / "file" / "result")))
    passage.hand_over()
    place.touch()
    with pytest.raises(StorageError) as caught:
        passage.take_results()
    assert caught.value.message.startswith(f"cannot write {tmp_path / 'file' / 'result'}: ")
    assert caught.value.hint == "see that the disk has room"


def test_what_cannot_be_brought_in_is_told(passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    (tmp_path / "m.h5").touch()
    monkeypatch.setattr(passage._copies, "put", full)
    with pytest.raises(StorageError) as caught:
        passage.model(str(tmp_path / "m.h5"), "keras")
    assert caught.value.message == f"{tmp_path / 'm.h5'} cannot be copied for the worker: No space left on device"
    assert caught.value.hint == f"see that it can be read, and that the disk of {passage._reads} has room"


def test_a_folder_of_a_model_that_cannot_be_listed_is_told(
    passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: object) -> None:
        raise PermissionError(13, "Permission denied", "/closed")

    (tmp_path / "saved").mkdir()
    with monkeypatch.context() as patched, pytest.raises(ModelFileError) as caught:
        patched.setattr(os, "scandir", closed)
        passage.model(str(tmp_path / "saved"), "tf_saved_model")
    assert caught.value.message == f"{tmp_path / 'saved'} cannot be read: /closed: Permission denied"
    assert caught.value.hint == "see who owns it"


def test_without_a_place_beside_the_log_files_go_among_temporary_ones_and_without_any_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    made = Airlock(tmp_path / "file")
    assert made.path.parent == tmp_path
    assert sorted(path.name for path in made.path.iterdir() if path.is_dir()) == ["held", "in", "out"]
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in (made.reads, made.writes, made.path / "held"))
    made.close()
    made.close()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(StorageError) as caught:
        Airlock(tmp_path / "file")
    assert caught.value.message.startswith(f"there is no place for the worker's files in {tmp_path / 'file'}: ")
    assert caught.value.hint == "see that the disk has room and that the folder can be written"


def test_copies_are_made_once_until_a_file_changes_and_forgotten_when_they_take_too_much(
    airlock: Airlock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.h5").write_bytes(b"12345")
    copies = airlock.path / "held" / "copies"

    def brought() -> bytes:
        passage = airlock.passage()
        place = Path(passage.model(str(tmp_path / "m.h5"), "keras"))
        content = place.read_bytes()
        assert passage.bytes == len(content)
        passage.close()
        return content

    assert [brought(), brought()] == [b"12345"] * 2
    assert len(list(copies.iterdir())) == 1
    (tmp_path / "m.h5").write_bytes(b"1234567")
    assert brought() == b"1234567"
    assert len(list(copies.iterdir())) == 2
    monkeypatch.setattr(airlock_module, "_MOST_COPIED", 12)
    assert brought() == b"1234567"
    assert len(list(copies.iterdir())) == 2
    monkeypatch.setattr(airlock_module, "_MOST_COPIED", 11)
    assert brought() == b"1234567"
    assert len(list(copies.iterdir())) == 1


def test_of_a_long_log_both_ends_are_kept(passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airlock_module, "_LOG_BYTES", 10)
    passage.hand_over()
    passage.log.write_bytes(b"0123456789")
    passage.take_log(tmp_path / "log")
    assert (tmp_path / "log").read_text() == "0123456789"
    passage.close()


def test_of_a_longer_log_the_middle_is_left_out(
    passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airlock_module, "_LOG_BYTES", 10)
    passage.hand_over()
    passage.log.write_bytes(b"01234" + b"-" * 1000 + b"56789")
    passage.take_log(tmp_path / "log")
    assert (tmp_path / "log").read_text() == "01234\n[... 1,000 bytes of this log are left out ...]\n56789"


@pytest.mark.skipif(sys.platform != "linux", reason="others cannot share blocks so")
def test_a_copy_shares_its_blocks_where_the_file_system_can_and_is_whole_where_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, asked = os.copy_file_range, []

    def noted(given: int, taken: int, count: int) -> int:
        asked.append(count)
        return usual(given, taken, min(count, 1000))

    def refused(*_: object) -> int:
        raise OSError(95, "Operation not supported")

    (tmp_path / "source").write_bytes(bytes(2500))
    for copy, wanted in ((noted, [1 << 30] * 4), (refused, [])):
        asked.clear()
        monkeypatch.setattr(os, "copy_file_range", copy)
        airlock_module._copied(tmp_path / "source", tmp_path / "copy")
        assert asked == wanted
        assert (tmp_path / "copy").read_bytes() == bytes(2500)
        (tmp_path / "copy").unlink()


def test_a_job_sees_whether_the_folder_for_its_result_is_empty(passage: Passage, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full" / "inner").mkdir(parents=True)
    places = [Path(passage.result(str(tmp_path / name))) for name in ("empty", "full", "none")]
    passage.hand_over()
    assert [list(place.iterdir()) != [] for place in places[:2]] == [False, True]
    assert not places[2].exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody lists what is open")
def test_no_log_stays_open_that_was_taken_or_could_not_be(airlock: Airlock, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  it is gone by the time that a Path is made
    for make in (Path.touch, os.mkfifo, Path.mkdir):
        passage = airlock.passage()
        passage.hand_over()
        make(passage.log)
        passage.take_log(tmp_path / "log")
        passage.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  as above
