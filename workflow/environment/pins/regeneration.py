"""Making the locks anew: the pip locks with uv, conda-lock.yml with conda-lock where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base import locations, processes, programs
from workflow.base.errors import EnvironmentProblem, UsageError
from workflow.environment.pins import conda, pip

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener

_PATIENCE_SECONDS = 1800.0


def staleness(root: Path) -> list[str]:
    """Return one sentence for every lock below ``root`` that is not what its sources ask for. No network."""
    findings = [found for lock in pip.LOCKS if (found := pip.staleness(lock, root))]
    return [*conda.staleness(root), *findings]


def checkout() -> Path:
    """Return the top level of the project; raises UsageError when this is an installed package without sources."""
    root = locations.project_file(conda.SOURCE).parent
    if not (root / "pyproject.toml").is_file():
        raise UsageError(
            f"{root} is no checkout of the project, so there are no sources to lock",
            hint="clone the project and run this there: python scripts/relock.py",
        )
    return root


def require_fresh(root: Path) -> None:
    """Raise EnvironmentProblem that names every lock that is not what its sources ask for. No network."""
    if findings := staleness(root):
        raise EnvironmentProblem(
            f"{len(findings)} of the locks are stale", details="\n".join(findings), hint="tfjs-workflow env lock"
        )


def regenerate(root: Path, *, upgrade: bool, with_conda: bool, listener: Listener) -> list[str]:
    """Make the stale pip locks (all with ``upgrade``) and, if asked, conda-lock.yml; return their names.

    Needs a package index, and for conda-lock.yml a conda channel.
    """
    made: list[str] = []
    if with_conda:
        made.append(_relock_conda(root, listener))
    for lock in pip.LOCKS:  # in this order: one is the constraint of the next
        if upgrade or pip.staleness(lock, root):
            pip.relock(lock, root, upgrade=upgrade, listener=listener)
            made.append(lock.path)
    if stale := conda.staleness(root):
        listener.warn(f"{stale[0]}; --conda makes it anew")
    return made


def _relock_conda(root: Path, listener: Listener) -> str:
    if programs.found(conda.COMMAND[0]) is None:
        raise EnvironmentProblem(
            f"{conda.LOCK} is made by the conda-lock program, which is not on PATH",
            hint="install conda-lock (it needs a conda, mamba or micromamba as well), then run this again",
        )
    listener.say(f"{conda.LOCK}: {processes.quoted(conda.COMMAND)}")
    done = processes.run(conda.COMMAND, cwd=root, timeout=_PATIENCE_SECONDS)
    if done.code:
        raise EnvironmentProblem(
            f"{conda.LOCK}: conda-lock failed (exit code {done.code})", details=done.stderr.strip()[-2000:]
        )
    return conda.LOCK
