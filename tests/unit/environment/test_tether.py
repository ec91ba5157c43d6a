from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from workflow import processes
from workflow.environment import tether
from workflow.events import Recording, Silent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a lock cannot be inherited there")
# the child ends at once and leaves a grandchild that holds on to its standard input
_FORKING = "import os, time; os.fork() or time.sleep(60)"


@pytest.mark.parametrize("code", ["import time; time.sleep(60)", _FORKING])
def test_a_child_that_outlived_its_parent_is_ended(tmp_path: Path, code: str) -> None:
    log = tmp_path / "env-e.log"
    with tether.tied(log, "install") as tie:
        process = processes.start([sys.executable, "-c", code], stdin=tie, stdout=None, stderr=None)
        tether.note(tie, process.pid)
    if code == _FORKING:
        process.wait(timeout=10)
    first, second = Recording(), Recording()
    tether.end_orphans(log, first)
    process.wait(timeout=10)
    tether.end_orphans(log, second)
    assert str(process.pid) in first.lines[0]
    assert second.lines == []


def test_the_children_of_other_environments_live_on(tmp_path: Path) -> None:
    with tether.tied(tmp_path / "env-e.install.log", "check0") as tie:
        process = processes.start([sys.executable, "-c", "import time; time.sleep(60)"], stdin=tie)
        tether.note(tie, process.pid)
        tether.end_orphans(tmp_path / "env-e.log", Silent())
    assert process.poll() is None
    processes.kill(process)
    process.communicate()


def test_a_second_child_of_a_key_is_not_tied(tmp_path: Path) -> None:
    log = tmp_path / "env-e.log"
    with tether.tied(log, "check0"), tether.tied(log, "check0") as second:
        assert second.name == os.devnull


def test_without_a_child_nothing_happens(tmp_path: Path) -> None:
    log = tmp_path / "env-e.log"
    tether.end_orphans(log, Silent())
    with tether.tied(log, "install"):
        pass
    tether.end_orphans(log, Silent())
