"""The embedded manager: makes the conda environment of conda-lock.yml where no conda is installed."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workflow
from workflow.base import dialogue, locations
from workflow.base.errors import EnvironmentProblem, ForeignPathError
from workflow.environment import blueprint, orphans
from workflow.environment.builder import protocol, staging
from workflow.environment.pins import conda

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.base.events import Listener
    from workflow.environment.entries import ManagerName
    from workflow.environment.managers import BuildOrder

_TAIL_LINES = 12
_EXIT_SECONDS = 2.0
_KILL_GRACE_SECONDS = 3.0


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
        platform = blueprint.current_platform()
        if platform is None:
            return "conda-forge has no packages that run on this machine"
        try:
            known = conda.platforms(locations.project_file("conda-lock.yml"))
        except EnvironmentProblem as problem:
            return problem.message
        return None if platform in known else f"conda-lock.yml has nothing for {platform}"

    def create(self, prefix: Path, order: BuildOrder) -> None:
        """Make the environment of ``order.blueprint.conda_lock`` at ``prefix``, all of it or nothing.

        Raises DownloadError, IntegrityError, StorageError or EnvironmentProblem. However it ends, nothing is
        left running.
        """
        request = _request(prefix, order)
        try:
            failure = _answered(request, order)
        except BaseException:
            staging.discard(staging.place(prefix))
            raise
        if failure is not None:
            staging.discard(staging.place(prefix))
            raise protocol.raised(failure, log=str(order.log))

    def remove(self, prefix: Path) -> None:
        """Delete the environment and what an interrupted creation may have left beside it."""
        staging.discard(staging.place(prefix))
        if prefix.exists():
            shutil.rmtree(prefix)


def _request(prefix: Path, order: BuildOrder) -> protocol.BuildRequest:
    if not prefix.is_absolute():
        raise EnvironmentProblem(f"{prefix}: an environment needs an absolute path")
    if prefix.exists() or prefix.is_symlink():
        raise ForeignPathError(f"{prefix}: exists already", hint="remove it or choose another name")
    return protocol.BuildRequest(
        lock=str(order.blueprint.conda_lock.absolute()),
        platform=order.blueprint.platform,
        prefix=str(prefix),
        stage=str(staging.place(prefix)),
        cache=str(order.cache.absolute() / "conda"),
        tie=str(orphans.tie(order.log.absolute(), "builder")),
        mirrors=order.settings.mirrors,
        offline=order.settings.offline,
    )


_START = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module(sys.argv[2], run_name='__main__')"


def _answered(request: protocol.BuildRequest, order: BuildOrder) -> Mapping[str, str] | None:
    """Run the builder, pass its news on, and return the failure that it ended with, None when it has done its work."""
    # isolated: nothing that the user's variables or the current folder name is on its module path; this folder is
    home = Path(workflow.__file__).resolve().parents[1]
    argv = [sys.executable, "-I", "-X", "utf8", "-c", _START, str(home), protocol.MODULE]
    line = dialogue.begin(lambda _: argv, environ=os.environ, log=order.log)
    try:
        answer = line.ask(request.question(), timeout=None, on_progress=lambda news: _publish(news, order.listener))
    except dialogue.HungUpError:
        raise _died(order.log) from None
    finally:
        line.close(patience=_EXIT_SECONDS, grace=_KILL_GRACE_SECONDS)
    failure: Mapping[str, str] | None = answer["failure"]
    return failure


def _publish(news: Mapping[str, list[Any]], listener: Listener) -> None:
    for kind in protocol.NEWS:
        if kind in news:
            getattr(listener, kind)(*news[kind])


def _died(log: Path) -> EnvironmentProblem:
    lines = log.read_text("utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    return EnvironmentProblem(
        "the embedded conda ended without an answer (it crashed, or something killed it)",
        hint="run this again: what was downloaded is kept; or try --manager python",
        details="\n".join(lines),
        log=str(log),
    )
