from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes
from workflow.base.errors import EnvironmentProblem
from workflow.environment.managers.embedded import EmbeddedManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.environment.conftest import Bench

pytestmark = pytest.mark.real

_MARK = "EMBEDDED_TEST_MARK"
_CHECKOUT = Path(__file__).resolve().parents[3]


def creator(bench: Bench, prefix: Path) -> processes.Process:
    """Start a process that creates an environment; everything that it starts can be found by its mark."""
    request = {
        "lock": str(bench.order.blueprint.conda_lock),
        "platform": bench.order.blueprint.platform,
        "cache": str(bench.order.cache),
        "log": str(bench.folder / f"{prefix.name}.log"),
        "prefix": str(prefix),
    }
    argv = [sys.executable, "-m", "tests.real.environment.creator", json.dumps(request)]
    environ = {**os.environ, _MARK: str(bench.folder)}
    return processes.start(argv, cwd=_CHECKOUT, env=environ, stdout=None, stderr=None)


def marked(bench: Bench) -> list[int]:
    """Return the processes that a creator has started, itself included."""
    wanted = f"{_MARK}={bench.folder}".encode()
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if wanted in environment(folder)]


def environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []  # it has ended, or is not ours


def until(condition: Callable[[], object], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def completes(bench: Bench) -> bool:
    """Tell whether a second attempt, with what the first has left, makes a working environment and nothing else."""
    bench.server.behaviour.delay = 0.0
    EmbeddedManager().create(bench.prefix, bench.order)
    works = processes.run([str(bench.prefix / "bin" / "pip"), "--version"], timeout=60).code == 0
    others = [path for path in bench.prefix.parent.iterdir() if path != bench.prefix]
    return works and others == []


def stage(bench: Bench) -> Path:
    return bench.prefix.parent / ".tfjs.stage"


MOMENTS: dict[str, Callable[[Bench], object]] = {
    "while downloading": lambda bench: list(bench.order.cache.rglob("*.part")),
    "when the stage is made": lambda bench: stage(bench).exists(),
    "while unpacking": lambda bench: list(bench.order.cache.glob("conda/packages/*")),
    "while linking": lambda bench: (stage(bench) / "lib").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_9_leaves_nothing_running_and_a_second_run_completes(bench: Bench, moment: str) -> None:
    bench.server.behaviour.delay = 0.001
    process = creator(bench, bench.prefix)
    assert until(lambda: MOMENTS[moment](bench))
    process.kill()
    process.wait()
    assert until(lambda: not marked(bench), 5)
    assert completes(bench)


def test_interrupt_ends_the_builder_and_removes_the_stage(bench: Bench) -> None:
    bench.server.behaviour.delay = 0.01
    process = creator(bench, bench.prefix)
    assert until(lambda: list(bench.order.cache.rglob("*.part")))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) != 0
    assert marked(bench) == []
    assert [path for path in bench.prefix.parent.iterdir() if path.is_dir()] == []
    assert completes(bench)


def test_a_killed_builder_is_reported_and_a_second_run_completes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_MARK, str(bench.folder))
    bench.server.behaviour.delay = 0.01

    def kill_builder(what: str, done: int, total: int) -> None:
        for pid in set(marked(bench)) - {os.getpid()}:
            os.kill(pid, signal.SIGKILL)

    monkeypatch.setattr(bench.news, "advance", kill_builder)
    with pytest.raises(EnvironmentProblem, match="without an answer"):
        EmbeddedManager().create(bench.prefix, bench.order)
    monkeypatch.undo()
    assert completes(bench)


def test_what_was_downloaded_before_a_kill_is_not_downloaded_again(bench: Bench) -> None:
    bench.server.behaviour.delay = 0.005
    process = creator(bench, bench.prefix)
    python = bench.channel.package("python")
    assert until(lambda: any(part.stat().st_size > 1_000_000 for part in bench.order.cache.rglob("python*.part")))
    process.kill()
    process.wait()
    assert until(lambda: not marked(bench), 5)
    bench.forget_requests()
    assert completes(bench)
    resumed = [request for request in bench.server.asked if request.path.endswith(python.path.name)]
    assert [request for request in resumed if request.headers.get("Range")]


def test_two_creators_share_a_cache_and_download_everything_once(bench: Bench) -> None:
    bench.server.behaviour.delay = 0.001
    prefixes = [bench.folder / "envs" / name for name in ("one", "two")]
    running = [creator(bench, prefix) for prefix in prefixes]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    for prefix in prefixes:
        assert processes.run([str(prefix / "bin" / "pip"), "--version"], timeout=60).code == 0
    assert sorted(bench.server.fetched()) == sorted(set(bench.server.fetched()))
