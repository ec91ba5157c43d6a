"""Folders are removed however deep they are, and those of a host that was killed by who outlives it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow.worker.shared import janitor

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nobody outlives a host there")


def nested(folder: Path, depth: int) -> None:
    """Make folders in each other, deeper than a path may be long."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deep", dir_fd=here)
        inner = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


@pytest.mark.parametrize("depth", [0, 1, 64, 65, 3000])
def test_a_folder_goes_with_all_that_is_in_it_however_deep(tmp_path: Path, depth: int) -> None:
    (tmp_path / "gone" / "beside").mkdir(parents=True)
    nested(tmp_path / "gone", depth)
    assert janitor._is_odd(str(tmp_path / "gone")) is (depth > 64)
    janitor.remove(str(tmp_path / "gone"))
    assert list(tmp_path.iterdir()) == []


def test_links_go_and_what_they_lead_to_stays(tmp_path: Path) -> None:
    (tmp_path / "kept" / "in").mkdir(parents=True)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for name in ("link", "folder", "nothing"):
        janitor.remove(str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "in").is_dir()


def test_folders_of_a_deep_tree_are_put_side_by_side_and_opened(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "a" / "link").symlink_to(tmp_path)
    for closed in ("a/b/c", "a/b", "a"):
        (tmp_path / closed).chmod(0o500)
    janitor._flatten(str(tmp_path))
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in tmp_path.iterdir())
    assert sorted(len(list(path.iterdir())) for path in tmp_path.iterdir()) == [0, 1, 1]
    assert not janitor._is_odd(str(tmp_path))


HOST = """
import fcntl, os, sys, time
sys.path.insert(0, sys.argv[1])
from workflow.worker.shared import janitor
folders = sys.argv[2:]
marks = [os.open(os.path.join(folder, ".tfjs-workflow-in-use"), os.O_RDONLY | os.O_CREAT) for folder in folders]
for mark in marks:
    fcntl.flock(mark, fcntl.LOCK_EX)
if os.fork() == 0:  # the worker, which inherits no lock
    for mark in marks:
        os.close(mark)
    janitor.leave([*folders, "/nowhere/at/all"])
    print("left", flush=True)
    os._exit(0)
os.wait()
time.sleep(60)
"""


def test_when_the_host_is_killed_its_folders_are_removed_and_not_before(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        (folder / "in").mkdir(parents=True)
    argv = [sys.executable, "-c", HOST, str(ROOT), *map(str, folders)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"left\n"
        assert all((folder / "in").is_dir() for folder in folders)
        host.kill()
    end = time.monotonic() + 20
    while any(folder.exists() for folder in folders):
        assert time.monotonic() < end
        time.sleep(0.02)
