from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.unit.environment.builders import FakeBuilders
from workflow import environment
from workflow.base import processes
from workflow.base.events import Silent
from workflow.environment import Wishes, lifecycle, registry

if TYPE_CHECKING:
    from pathlib import Path


def creator(project: Path, seconds: float) -> processes.Process:
    argv = [sys.executable, "-m", "tests.unit.environment.creator", str(project), str(seconds)]
    return processes.start(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def wait_for(path: Path) -> None:
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.01)


def finished(process: processes.Process) -> str:
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err.decode()
    return out.decode()


def test_concurrent_creators_make_it_once_and_the_others_say_for_whom_they_wait(project: Path) -> None:
    first = creator(project, 1.0)
    wait_for(registry.look("e").prefix)
    others = [creator(project, 1.0) for _ in range(2)]
    outputs = [finished(process) for process in (first, *others)]
    assert sorted(output.splitlines()[0] for output in outputs) == ["made 0", "made 0", "made 1"]
    assert all(f"waiting for process {first.pid}" in output for output in outputs[1:])


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_creator_that_was_killed_leaves_no_lock_and_a_recognisable_rest(project: Path) -> None:
    process = creator(project, 60.0)
    wait_for(registry.look("e").prefix / "bin" / "tensorflowjs_converter")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert registry.look("e").status == "partial"
    assert environment.find("e") is None
    fake = FakeBuilders()
    lifecycle.ensure("e", wishes=Wishes(), listener=Silent(), builders=fake.builders())
    assert len(fake.equipped) == 1
    assert environment.find("e") is not None
