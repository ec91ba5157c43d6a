"""^C, kill and kill -9 at many moments: nothing half-written, nothing lost, no orphan, and the next run completes."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.real.conversions.projects import OUTPUTS, Project, send, workers_alive
from workflow.runs.sidecars import intact, intent_path, read_sidecar, sidecar_path

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to look for orphans"),
]
MOMENTS = random.Random(20).sample(range(2, 160), 4)


def published(project: Project) -> list[Path]:
    """Outputs that stand at their final path; each must be whole."""
    return [path for name in OUTPUTS if (path := project.folder / "data" / name).exists()]


def assert_whole(project: Project) -> None:
    for output in published(project):
        sidecar = read_sidecar(sidecar_path(output)) or read_sidecar(intent_path(output))
        assert sidecar is not None, output
        assert intact(output, sidecar) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill-9"])
@pytest.mark.parametrize("tenths", MOMENTS)
def test_a_run_that_is_cut_short_leaves_everything_whole(fresh: Project, number: signal.Signals, tenths: int) -> None:
    process = fresh.start("--quiet")
    send(process, number, after=tenths / 10)
    assert_whole(fresh)
    if number is signal.SIGINT and process.returncode != 0:
        assert process.returncode in (130, -signal.SIGINT)  # the latter before Python has come to our first line
        assert fresh.hidden_leftovers() == []


def test_after_a_kill_the_next_run_completes(fresh: Project) -> None:
    send(fresh.start("--quiet"), signal.SIGKILL, after=9)
    done = fresh.convert("--json")
    assert done.code == 0, done.stderr
    assert {step["status"] for step in json.loads(done.stdout)["steps"]} <= {"done", "up to date"}
    assert len(published(fresh)) == len(OUTPUTS)
    assert fresh.hidden_leftovers() == []


def test_a_killed_tool_leaves_no_worker_behind(fresh: Project) -> None:
    send(fresh.start("--quiet"), signal.SIGKILL, after=4)
    end = time.monotonic() + 10
    while workers_alive(fresh.folder) and time.monotonic() < end:
        time.sleep(0.1)
    assert workers_alive(fresh.folder) == []


def test_two_runs_at_once_do_the_work_once(fresh: Project) -> None:
    first = fresh.start("--json")
    time.sleep(1)
    second = fresh.convert("--json")
    out, _ = first.communicate(timeout=300)
    assert {step["status"] for step in json.loads(out)["steps"]} == {"done", "up to date"}
    assert {step["status"] for step in json.loads(second.stdout)["steps"]} == {"up to date"}
    assert "waiting for another run" in second.stderr or second.code == 0


def test_a_step_over_its_time_limit_is_stopped_and_the_tool_goes_on(fresh: Project) -> None:
    done = fresh.convert("--only", "python_to_js", "--timeout", "0.2")
    assert done.code == 35
    assert "limit of 0.2 s" in done.stderr
    assert fresh.convert("--only", "python_to_js", "--quiet").code == 0
