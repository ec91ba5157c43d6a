"""Crashes, hangs, interruptions and killed hosts, with TensorFlow really at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT
from workflow.base.errors import StepTimeoutError, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.bridge.warm_worker import Worker

pytestmark = [pytest.mark.real, pytest.mark.skipif(os.name != "posix", reason="signals")]

SLOW: dict[str, Any] = {
    "application": "MobileNet",
    "weights": "seeded",
    "offline": "fail",
    "seed": 0,
    "options": {"alpha": 0.25},
}


def signalled(worker: Worker, name: str) -> None:
    """Send a signal to the worker a moment after a job has begun."""
    pid = worker.pid
    assert pid is not None
    threading.Timer(0.3, lambda: os.kill(pid, getattr(signal, name))).start()


def is_gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or ") Z " in stat.read_text():
            return True
        time.sleep(0.1)
    return False


def test_a_kill_and_a_hang_each_fail_their_job_and_leave_the_tool_usable(
    make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job, log = {**SLOW, "output": str(tmp_path / "net.h5")}, tmp_path / "log"
    with make_worker() as worker:
        signalled(worker, "SIGKILL")
        with pytest.raises(WorkerDiedError, match="memory"):
            worker.run("application", job, log=log)
        worker.start()
        stopped = worker.pid
        assert stopped is not None
        signalled(worker, "SIGSTOP")
        with pytest.raises(StepTimeoutError):
            worker.run("application", job, log=log, timeout=1.5)
        assert is_gone(stopped)
        assert worker.run("application", job, log=log)["weights"] == "seeded"


def test_control_c_in_mid_job_ends_the_worker(make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    with make_worker() as worker:
        pid = worker.pid
        assert pid is not None
        threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            worker.run("application", {**SLOW, "output": str(tmp_path / "net.h5")}, log=tmp_path / "log")
        assert is_gone(pid)


def test_a_host_killed_while_tensorflow_works_leaves_no_process_and_no_temporary_files(
    converter_python: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    code = f"""
import os, sys
from pathlib import Path
from workflow.bridge.warm_worker import Worker
folder = Path({str(tmp_path)!r})
worker = Worker(Path({str(converter_python)!r}), environ={environ!r}, log=folder / "worker.log")
worker.run("versions", {{}}, log=folder / "log")
(folder / "pid.part").write_text(str(worker.pid))
(folder / "pid.part").rename(folder / "pid")
worker.run("application", {{**{SLOW!r}, "output": str(folder / "net.h5")}}, log=folder / "log")
"""
    scratch = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=scratch) as host:
        while not (tmp_path / "pid").exists():
            assert host.poll() is None
            time.sleep(0.1)
        time.sleep(0.3)
        host.kill()
    assert is_gone(int((tmp_path / "pid").read_text()))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_environment_is_the_one_that_was_asked_for(worker: Worker, tmp_path: Path) -> None:
    found = worker.run("versions", {}, log=tmp_path / "log")
    assert found["tensorflow"].startswith("2.13.")
    assert found["tensorflowjs"] == "4.22.0"
