"""Ends ``env create`` at a moment of its work, runs the same command to its end, and looks at what is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.real.environment.small_site import write_slow_conda
from workflow.base import processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.environment.small_site import Site

CHECKOUT = Path(__file__).resolve().parents[3]
MANAGERS = ("python", "embedded", "conda")
TERMINAL = "closed terminal"
ENDS = ("SIGKILL", "SIGHUP", "SIGINT", "SIGTERM", TERMINAL)
_ON_TERMINAL = """
import os, sys
for descriptor in (0, 1, 2):
    os.dup2(os.open(sys.argv[1], os.O_RDWR), descriptor)
os.execv(sys.argv[2], sys.argv[2:])
"""
_OPENING_SECONDS = 0.3
_MARK = "TFJS_TORTURE"
_OTHERS = ("UV_", "PIP_", "CONDA", "MAMBA")
_PATIENCE = 20.0
_CONDA_SECONDS = 1.5


class Round(NamedTuple):
    """Which manager is at work, what ends it, after how many seconds; ``at_once``: the same command follows at once."""

    manager: str
    end: str
    seconds: float
    at_once: bool
    cold: bool = False


@dataclass
class Outcome:
    """What a round has shown: complaints, none of which there should be, and how long the last child lived on."""

    round: Round
    complaints: list[str] = field(default_factory=list)
    seconds_left: float = 0.0
    was_at_work: bool = True


class Torture:
    """A home of its own for environments of a small site, whose processes can be told from all others."""

    def __init__(self, site: Site, *, conda: Path | None = None) -> None:
        self.site = site
        self.home = site.folder / "home"
        self.temporary = site.folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        program = conda or write_slow_conda(site.folder / "conda", site.python, _CONDA_SECONDS)
        self.environ = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("UV_", "PIP_", "CONDA", "MAMBA"))
            },
            "HOME": str(site.folder),
            "TFJS_WORKFLOW_HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PIP_FIND_LINKS": str(site.wheels),
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PATH": os.pathsep.join([str(program.parent), str(site.python.parent), "/usr/bin", "/bin"]),
            _MARK: str(site.folder),
        }

    def measure(self, manager: str) -> float:
        """Return how many seconds an undisturbed creation takes, with cold caches."""
        begin = time.monotonic()
        code, said = self._completed(manager)
        if code:
            raise AssertionError(said)
        seconds = time.monotonic() - begin
        self.clear(cold=True)
        return seconds

    def play(self, one: Round) -> Outcome:
        """Play one round, and clear everything up for the next."""
        outcome = Outcome(one)
        try:
            self._play(one, outcome)
        finally:
            self.clear(cold=one.cold)
        return outcome

    def clear(self, *, cold: bool) -> None:
        """Remove the environments, and with ``cold`` the caches."""
        for left in self.alive():
            os.kill(left, signal.SIGKILL)
        for folder in (self.home / "envs", self.home / "locks", self.home / "logs", self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
        self.temporary.mkdir()
        if cold:
            shutil.rmtree(self.home / "cache", ignore_errors=True)

    def alive(self) -> list[int]:
        """Return the processes that were started here and live, whoever is their parent now."""
        wanted = f"{_MARK}={self.site.folder}".encode()
        return [int(place.name) for place in Path("/proc").glob("[0-9]*") if wanted in _variables(place)]

    def _play(self, one: Round, outcome: Outcome) -> None:
        process, terminal = self._begun(one)
        time.sleep(one.seconds)
        outcome.was_at_work = process.poll() is None
        _end(process, one.end, terminal)
        if not _until(lambda: process.poll() is not None):
            outcome.complaints.append(f"it did not end within {_PATIENCE:g} s")
            processes.kill(process)
        if one.at_once:
            self._look_after(one, outcome)
            return
        begin = time.monotonic()
        all_gone = _until(lambda: not self.alive())
        outcome.seconds_left = time.monotonic() - begin
        if not all_gone:
            left = self.alive()
            outcome.complaints.append(f"{len(left)} processes live on after it: {_names(left)}")
        self._look_after(one, outcome)

    def _begun(self, one: Round) -> tuple[processes.Process, int]:
        argv = self._argv(one.manager)
        if one.end != TERMINAL:
            with (self.site.folder / "said.txt").open("ab") as sink:
                return processes.start(argv, stdout=sink, stderr=sink, env=self.environ, cwd=CHECKOUT), -1
        ours, theirs = os.openpty()
        argv = [sys.executable, "-c", _ON_TERMINAL, os.ttyname(theirs), *argv]
        process = processes.start(argv, stdout=None, stderr=None, env=self.environ, cwd=CHECKOUT)
        time.sleep(_OPENING_SECONDS)
        os.close(theirs)
        return process, ours

    def _look_after(self, one: Round, outcome: Outcome) -> None:
        """Run the same command to its end, and look at everything that it and the one before may have left."""
        code, said = self._completed(one.manager)
        if code:
            outcome.complaints.append(f"the same command afterwards failed ({code}): {said[-600:]}")
            return
        time.sleep(0.05)
        if left := self.alive():
            outcome.complaints.append(f"{len(left)} processes at the end: {_names(left)}")
        listed = json.loads(processes.run(self._argv("", "list", "--json"), env=self.environ, cwd=CHECKOUT).stdout)
        if [(entry["condition"], entry.get("manager")) for entry in listed] != [("healthy", one.manager)]:
            outcome.complaints.append(f"not one healthy environment of {one.manager}: {listed}")
        outcome.complaints += [f"left: {path}" for path in self._remains(listed)]

    def _remains(self, listed: list[dict[str, str]]) -> list[Path]:
        """Return what is neither the environment, nor its lock and logs, nor a cache: nothing, as it should be."""
        places = {Path(entry["place"]) for entry in listed}
        locks = self.home / "locks"
        return [
            *sorted(set((self.home / "envs").iterdir()) - places),
            *locks.glob("*.users"),
            *self.temporary.iterdir(),
            *(self.home / "cache").rglob("*.part"),
            *(self.home / "cache" / "uv").glob(".tmp*"),
            *(path for path in (self.home / "cache" / "conda" / "packages").glob(".*") if path.is_dir()),
        ]

    def _completed(self, manager: str) -> tuple[int, str]:
        done = processes.run(self._argv(manager), env=self.environ, cwd=CHECKOUT, timeout=300)
        return done.code, done.stdout + done.stderr

    def _argv(self, manager: str, *words: str) -> list[str]:
        argv = [sys.executable, "-m", "tests.real.environment.tool", str(self.site.project), "env"]
        return [*argv, *(words or ("create", "--manager", manager))]


def _until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _end(process: processes.Process, how: str, terminal: int) -> None:
    if how == TERMINAL:
        os.close(terminal)
    elif process.poll() is None:
        process.send_signal(getattr(signal, how))


def _variables(process: Path) -> list[bytes]:
    try:
        if (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return []
        return (process / "environ").read_bytes().split(b"\0")
    except (OSError, IndexError):
        return []  # it has ended, or is not ours


def _names(pids: list[int]) -> str:
    return "; ".join(_command(pid) for pid in pids)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120]
    except OSError:
        return "(gone)"
