"""A process that is killed while it writes leaves something; the next one that comes along removes it."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests import ROOT
from tests.unit.runs.recipes import write_layers_model
from workflow.base import storage
from workflow.base.errors import StorageError
from workflow.base.storage import write_atomically, write_new

RECIPE = "verify: off\nsteps:\n  - shard: {input: web, output: out, shard_size: 4B}\n"
# what is done at the numbered call of one of these functions: the process ends as by kill -9
KILLED = """
import os, sys, signal
from pathlib import Path
left = int(sys.argv.pop(1))
def counted(function):
    def call(*given, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return call
os.fsync, Path.replace, Path.rename, Path.mkdir = map(counted, (os.fsync, Path.replace, Path.rename, Path.mkdir))
from workflow.__main__ import main
sys.argv = ["tfjs-workflow", "convert", "r.yml", *sys.argv[1:]]
main()
"""


def run(folder: Path, number: int, *words: str) -> int:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", KILLED, str(number), *words]
    return subprocess.run(argv, cwd=folder, env=environ, capture_output=True, check=False).returncode


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if "logs" not in path.parts}


def test_a_run_that_is_killed_at_any_write_leaves_nothing_that_the_next_one_does_not_clear(tmp_path: Path) -> None:
    write_layers_model(tmp_path / "web")
    (tmp_path / "r.yml").write_text(RECIPE)
    assert run(tmp_path, 0) == 0
    whole = {name for name in names(tmp_path) if "/runs/" not in name}
    killed = met = 0
    for number in range(1, 40, 3):
        code = run(tmp_path, number, "--force")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
        met += any(name.endswith(".partial") for name in names(tmp_path))
        assert run(tmp_path, 0) == 0
        left = names(tmp_path)
        assert {name for name in left if "/runs/" not in name} == whole, number
        assert all(name.endswith(".json") for name in left if "/runs/" in name)
    assert killed > 3
    assert met > 0  # else nothing was shown


def test_only_what_nobody_holds_and_whose_process_is_gone_is_removed(tmp_path: Path) -> None:
    def partial(text: str) -> Path:
        (tmp_path / text).write_bytes(b"half")
        return tmp_path / text

    gone = partial(".out.json.99999999.partial")
    claim = partial(".out.json.partial")
    living = partial(f".out.json.{os.getppid()}.partial")
    of_others = [partial(".other.json.99999999.partial"), partial("out.json.partial"), partial(".out.json.old")]
    held = partial(".out.json.99999998.partial")
    with held.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        storage.sweep(tmp_path / "out.json")
    assert not gone.exists()
    assert not claim.exists()
    assert [path.exists() for path in (living, held, *of_others)] == [True] * 5


def test_a_link_of_such_a_name_is_left_alone_with_what_it_points_at(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    (tmp_path / ".out.99999999.partial").symlink_to(tmp_path / "mine")
    storage.sweep_all(tmp_path)
    assert (tmp_path / ".out.99999999.partial").is_symlink()
    assert (tmp_path / "mine").read_text() == "x"


def test_a_file_is_held_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def fsync(_number: int) -> None:
        storage.sweep_all(tmp_path)
        seen.append(any(path.name.endswith(".partial") for path in tmp_path.iterdir()))

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(storage, "_lives", lambda _: False)
    write_atomically(tmp_path / "out", b"whole")
    assert seen[0]
    assert (tmp_path / "out").read_bytes() == b"whole"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_is_swept_before_it_is_held_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, sweeps = fcntl.flock, [2]

    def late(file: IO[bytes], how: int) -> None:
        if how == fcntl.LOCK_EX and sweeps[0]:
            sweeps[0] -= 1
            storage.sweep_all(tmp_path)
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    monkeypatch.setattr(storage, "_lives", lambda _: False)
    assert write_new([tmp_path / "record"], b"whole").read_bytes() == b"whole"
    sweeps[0] = 1
    write_atomically(tmp_path / "out", b"whole too")
    assert (tmp_path / "out").read_bytes() == b"whole too"
    assert sweeps == [0]
    assert {path.name for path in tmp_path.iterdir()} == {"record", "out"}


def _write_many(folder: Path) -> None:
    for number in range(30):
        write_new((folder / f"{name}.json" for name in range(1000)), f"{os.getpid()} {number}".encode())


def test_processes_that_write_new_files_side_by_side_never_replace_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_many, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 90


def test_every_file_and_folder_of_an_artifact_is_flushed_and_its_own_folder_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(str(Path(f"/proc/self/fd/{handle}").readlink())))
    for count in (3, 8, 9, 40):
        folder = tmp_path / str(count)
        (folder / "inner").mkdir(parents=True)
        for number in range(count - 1):
            (folder / "inner" / str(number)).touch()
        storage.sync_artifact(folder)
        assert sorted(flushed) == sorted(map(str, (folder, *folder.rglob("*"))))
        flushed.clear()
    last = tmp_path / "40"
    storage.sync_artifact(last / "inner" / "0")
    storage.sync_folder(last)
    assert flushed == [str(last / "inner" / "0"), str(last)]


def test_what_is_written_is_flushed_before_it_has_its_name_and_then_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[str, bool]] = []
    target = tmp_path / "a.json"
    monkeypatch.setattr(
        os, "fsync", lambda handle: flushed.append((str(Path(f"/proc/self/fd/{handle}").readlink()), target.exists()))
    )
    write_atomically(target, b"1")
    assert flushed == [(str(tmp_path / f".a.json.{os.getpid()}.partial"), False), (str(tmp_path), True)]
    flushed.clear()
    assert write_new([target, tmp_path / "b.json"], b"2") == tmp_path / "b.json"
    assert flushed == [(str(tmp_path / ".b.json.partial"), True), (str(tmp_path), True)]
    assert names(tmp_path) == {"a.json", "b.json"}
    assert (target.read_bytes(), (tmp_path / "b.json").read_bytes()) == (b"1", b"2")


def test_a_place_that_is_taken_while_it_is_claimed_is_left_to_whoever_took_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = storage._own

    def slow(file: IO[bytes], path: Path) -> bool:
        if path.name == ".a.partial":
            (tmp_path / "a").write_bytes(b"theirs")
        return own(file, path)

    monkeypatch.setattr(storage, "_own", slow)
    assert write_new([tmp_path / "a", tmp_path / "b"], b"ours") == tmp_path / "b"
    assert (tmp_path / "a").read_bytes() == b"theirs"
    assert names(tmp_path) == {"a", "b"}


def test_a_write_that_fails_leaves_what_was_there_and_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    write_atomically(tmp_path / "a", b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=f"cannot write {tmp_path / 'a'}: the disk reports an error"):
        write_atomically(tmp_path / "a", b"after")
    assert (tmp_path / "a").read_bytes() == b"before"
    assert names(tmp_path) == {"a"}


def test_errors_that_are_none_of_the_systems_refusals_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "no" / "a", b"")
    with pytest.raises(StorageError, match="cannot write /x: permission denied") as caught, storage.storing(None):
        raise PermissionError(errno.EACCES, "no", "/x")
    assert isinstance(caught.value.__cause__, PermissionError)


def test_files_folders_and_links_are_removed_and_what_links_lead_to_is_not(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "full" / "inner").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for name in ("full", "file", "link", "nothing"):
        storage.remove(tmp_path / name)
    assert names(tmp_path) == {"kept", "kept/file"}


def test_bytes_of_names_that_are_no_text_are_escaped_as_json_has_them() -> None:
    assert storage.as_bytes("a \u00e9 \udcff") == b"a \xc3\xa9 \\udcff"


def test_all_of_a_file_has_left_for_the_disk_when_it_is_flushed_and_when_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    usual = os.fsync

    def noted(handle: int) -> None:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            sizes.append(os.fstat(handle).st_size)
        usual(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write_atomically(tmp_path / "one", b"12345")
    write_new([tmp_path / "two"], b"1234567")
    assert sizes == [5, 7]


def test_no_file_stays_open_that_was_flushed(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).touch()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  it is gone by the time that a Path is made
    storage.sync_artifact(tmp_path)
    storage.sync_artifact(tmp_path / "0")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  as above
