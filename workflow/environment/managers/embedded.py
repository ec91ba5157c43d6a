"""The embedded manager: makes the conda environment of conda-lock.yml where no conda is installed."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import workflow
from workflow.base import locations, processes
from workflow.base.errors import EnvironmentProblem, ForeignPathError
from workflow.environment import conda_lock, tether
from workflow.environment.engine import protocol, staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.base.events import Listener
    from workflow.environment.managers.base import ManagerName, Order

_TAIL_LINES = 12
_PUBLISHED = ("say", "warn", "advance")


class EmbeddedManager:
    """Builds the environment with py-rattler in a child process. Needs no conda, only a network."""

    @property
    def name(self) -> ManagerName:
        """The name that ``--manager`` takes."""
        return "embedded"

    @property
    def caveats(self) -> tuple[str, ...]:
        """Nothing: what it makes is a full conda environment."""
        return ()

    def missing(self) -> str | None:
        """Return why this cannot work here, or None. Imports nothing heavy and asks no network."""
        if find_spec("rattler") is None:
            return "py-rattler is not installed beside this tool (there is no wheel of it for every system)"
        platform = conda_lock.current_platform()
        if platform is None:
            return "conda-forge has no packages that run on this machine"
        try:
            known = conda_lock.platforms(locations.project_file("conda-lock.yml"))
        except EnvironmentProblem as problem:
            return problem.message
        return None if platform in known else f"conda-lock.yml has nothing for {platform}"

    def create(self, prefix: Path, order: Order) -> None:
        """Make the environment of ``order.conda_lock`` at ``prefix``, all of it or nothing.

        Raises DownloadError, IntegrityError, StorageError or EnvironmentProblem. However it ends, nothing is
        left running.
        """
        request = _request(prefix, order)
        try:
            answer = _converse(request, order)
        except BaseException:
            staging.discard(staging.place(prefix))
            raise
        if answer is None or answer.kind == "failed":
            staging.discard(staging.place(prefix))
            raise protocol.raised(answer, log=str(order.log)) if answer else _died(order.log)

    def remove(self, prefix: Path) -> None:
        """Delete the environment and what an interrupted creation may have left beside it."""
        staging.discard(staging.place(prefix))
        if prefix.exists():
            shutil.rmtree(prefix)


def _request(prefix: Path, order: Order) -> protocol.Request:
    if not prefix.is_absolute():
        raise EnvironmentProblem(f"{prefix}: an environment needs an absolute path")
    if prefix.exists() or prefix.is_symlink():
        raise ForeignPathError(f"{prefix}: exists already", hint="remove it or choose another name")
    return protocol.Request(
        lock=str(order.conda_lock.absolute()),
        platform=order.platform,
        prefix=str(prefix),
        stage=str(staging.place(prefix)),
        cache=str(order.cache.absolute() / "conda"),
        tie=str(tether.tie(order.log.absolute(), "engine")),
        mirrors=order.mirrors,
        offline=order.offline,
    )


def _converse(request: protocol.Request, order: Order) -> protocol.Event | None:
    """Run the engine, pass its news on, and return its last word; None when it ended without one."""
    last = None
    with _engine(order.log) as process:
        if process.stdin is None or process.stdout is None:
            raise EnvironmentProblem("the engine was started without pipes")
        process.stdin.write(request.encode())
        process.stdin.flush()  # and stays open: its end tells the engine that we are gone
        for line in process.stdout:
            event = protocol.Event.decode(line)
            if event.kind in _PUBLISHED:
                _publish(event, order.listener)
            else:
                last = event
        process.wait()
    return last


_START = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module(sys.argv[2], run_name='__main__')"


@contextmanager
def _engine(log: Path) -> Iterator[processes.Process]:
    log.parent.mkdir(parents=True, exist_ok=True)
    # isolated: nothing that the user's variables or the current folder name is on its module path; this folder is
    home = Path(workflow.__file__).resolve().parents[1]
    with log.open("ab") as sink:
        process = processes.start(
            [sys.executable, "-I", "-X", "utf8", "-c", _START, str(home), protocol.MODULE],
            stdin=processes.PIPE,
            stdout=processes.PIPE,
            stderr=sink,
            env=dict(os.environ),
            cwd=home,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                processes.kill(process)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what could not be written to a dead engine
                        pipe.close()


def _publish(event: protocol.Event, listener: Listener) -> None:
    actions: dict[str, Callable[[], None]] = {
        "say": lambda: listener.say(event.text),
        "warn": lambda: listener.warn(event.text),
        "advance": lambda: listener.advance(event.text, event.done, event.total),
    }
    actions[event.kind]()


def _died(log: Path) -> EnvironmentProblem:
    lines = log.read_text("utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    return EnvironmentProblem(
        "the embedded conda ended without an answer (it crashed, or something killed it)",
        hint="run this again: what was downloaded is kept; or try --manager python",
        details="\n".join(lines),
        log=str(log),
    )
