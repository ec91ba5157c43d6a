"""Whatever kills the tool, none of its processes goes on: looked up in /proc."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests import ROOT
from tests.real.runtimes import tiny
from workflow.base import processes
from workflow.verification import exchange
from workflow.verification.runtimes import packages

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.verification.runtimes.browser import BrowserRuntime
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = [pytest.mark.real, pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks in /proc")]
PATIENCE = 15.0


def parents() -> dict[int, int]:
    """Return the parent of every process that is no zombie."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                found[int(entry.name)] = int(parent)
    return found


def family(pid: int) -> set[int]:
    """Return a process and everything below it."""
    known, found = parents(), {pid}
    while True:
        more = {child for child, parent in known.items() if parent in found} - found
        if not more:
            return found
        found |= more


def left(pids: set[int]) -> set[int]:
    """Return which of these processes are still there after a while."""
    end = time.monotonic() + PATIENCE
    while pids & parents().keys() and time.monotonic() < end:
        time.sleep(0.1)
    return pids & parents().keys()


def hold(name: str, model: Path | str, inputs: Path) -> processes.Process:
    argv = [sys.executable, "-m", "tests.real.runtimes.holder", name, str(model), str(inputs)]
    environ = {**os.environ, "TMPDIR": str(inputs.parent)}
    holder = processes.start(argv, stdout=processes.PIPE, stderr=None, env=environ, cwd=ROOT)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"ready\n"
    return holder


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "computing"])
@pytest.mark.parametrize("name", ["node", "browser"])
def test_nothing_survives_the_tool_that_is_killed(
    tmp_path: Path, request: pytest.FixtureRequest, name: str, *, busy: bool
) -> None:
    request.getfixturevalue(name)  # skips where it is not there
    exchange.write(tmp_path / "inputs", {"x": np.ones((1, 1), np.float32)})
    holder = hold(name, tiny.slow_model(tmp_path / "slow") if busy else "", tmp_path / "inputs")
    try:
        members = family(holder.pid)
        assert len(members) > 1
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert left(members) == set()
        assert list(tmp_path.glob("tfjs-workflow-*")) == []
    finally:
        processes.kill(holder)
        if holder.stdout is not None:
            holder.stdout.close()


def test_the_browser_does_not_survive_its_driver(tmp_path: Path, browser: BrowserRuntime) -> None:
    assert browser.missing() is None
    exchange.write(tmp_path / "inputs", {"x": np.ones((1, 1), np.float32)})
    holder = hold("browser", tiny.slow_model(tmp_path / "slow"), tmp_path / "inputs")
    try:
        driver = next(pid for pid, parent in parents().items() if parent == holder.pid)
        members = family(driver)
        assert len(members) > 3
        os.kill(driver, signal.SIGKILL)
        assert left(members) == set()
    finally:
        processes.kill(holder)
        if holder.stdout is not None:
            holder.stdout.close()


@pytest.mark.parametrize("name", ["node", "browser"])
def test_closing_leaves_no_process_and_no_profile(
    request: pytest.FixtureRequest, run: Callable[..., object], tmp_path: Path, name: str
) -> None:
    runtime: NodeRuntime | BrowserRuntime = request.getfixturevalue(name)
    model = tiny.dense_model(tmp_path / "model", tiny.dense_weights())
    run(runtime, model, {"out_input": np.ones((1, 2), np.float32)}, format="tfjs_layers_model")
    assert runtime.pid is not None
    members = family(runtime.pid)
    scratch = dict(
        line.partition("=")[::2] for line in Path(f"/proc/{runtime.pid}/environ").read_text().split("\0") if line
    )["TMPDIR"]
    assert Path(scratch).is_dir()
    runtime.close()
    assert left(members) == set()
    assert not Path(scratch).exists()


def test_npm_ends_with_the_tool(tmp_path: Path, node: NodeRuntime) -> None:
    assert node.missing() is None
    (tmp_path / "npm.cjs").write_text("console.log('up'); setInterval(() => 0, 1000);", encoding="utf-8")
    argv = ["node", str(packages.SCRIPTS / "tethered.mjs"), str(tmp_path / "npm.cjs")]
    tether = processes.start(argv, stdin=processes.PIPE, stdout=processes.PIPE, stderr=None)
    assert tether.stdin is not None
    assert tether.stdout is not None
    assert tether.stdout.readline() == b"up\n"
    members = family(tether.pid)
    assert len(members) == 2
    tether.stdin.close()
    assert left(members) == set()
    tether.stdout.close()
    tether.wait()
