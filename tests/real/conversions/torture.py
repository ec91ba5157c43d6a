"""One trial of ending ``convert`` at some moment: the same command then runs to its end, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests import ROOT
from workflow.base import processes
from workflow.runs.sidecars import intact, intent_path, read_sidecar, sidecar_path

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

MODEL = ROOT / "tests" / "data" / "keras3" / "3.15-operations" / "m.keras"
_LIMIT = 300.0
_PATIENCE = 15.0
_OUR_FIRST_LINE = 0.2
"""Seconds after which Python has come to it: a signal before ends Python as Python ends."""
_OUTPUTS = ("web", "small", "sharded", "graph")
_NATIVE = """\
  - python_to_js: {{input: m.keras, output: web, format: tfjs_layers_model{verify}}}
  - quantize: {{input: web, output: small, dtype: uint8{verify}}}
  - shard: {{input: web, output: sharded, shard_size: 1kB{verify}}}
"""
_GRAPH = "  - graph: {{input: web, output: graph{verify}}}\n"
_OFF, _ON = ", verify: off", ", verify: {runtimes: [python], samples: 2, repeat: 1}"
RECIPES = {
    "native": ("steps:\n" + _NATIVE).format(verify=_OFF),
    "worker": ("steps:\n" + _NATIVE + _GRAPH).format(verify=_OFF),
    "verified": ("steps:\n" + _NATIVE + _GRAPH).format(verify=_ON),
}
SIGNALS = {"KILL": signal.SIGKILL, "HUP": signal.SIGHUP, "INT": signal.SIGINT, "TERM": signal.SIGTERM}
_ENDED = (130, 0)


@dataclass
class Trial:
    """A project in a folder of its own, with a folder for temporary files that nobody else uses."""

    folder: Path
    kind: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.project, self.temporary = self.folder / "project", self.folder / "temporary"
        self._killed = False
        shutil.rmtree(self.folder, ignore_errors=True)
        for made in (self.project, self.temporary):
            made.mkdir(parents=True)
        shutil.copyfile(MODEL, self.project / "m.keras")
        (self.project / "recipe.yml").write_text(RECIPES[self.kind])

    def whole_run(self) -> float:
        """Run to the end and return how long that took."""
        begin = time.monotonic()
        done = processes.run(self._argv(), cwd=self.project, env=self._environ(), timeout=_LIMIT)
        if done.code != 0:
            self.faults.append(f"the run ended with {done.code}: {done.stderr[-600:]}")
        return time.monotonic() - begin

    def end(self, name: str, after: float) -> None:
        """Start the command and send it a signal, it alone, after so many seconds; then look at what is there."""
        started = processes.start(self._argv(), cwd=self.project, env=self._environ())
        end = time.monotonic() + after
        while time.monotonic() < end and started.poll() is None:
            time.sleep(0.002)
        if started.poll() is None:
            started.send_signal(SIGNALS[name])
        started.communicate(timeout=60)
        code = started.returncode
        if name != "KILL" and code not in (*_ENDED, -SIGNALS[name]):
            self.faults.append(f"{name} ended it with {code}")
        self._killed |= name == "KILL" or code not in _ENDED  # what that leaves, the next whole run clears
        self._look(at_once=not self._killed)

    def finish(self) -> None:
        """Run the same command to its end and look again: all is there, and nothing else."""
        self.whole_run()
        wanted = [name for name in _OUTPUTS if name in RECIPES[self.kind]]
        self.faults += [f"{name} is not there" for name in wanted if not (self.project / name).exists()]
        self._look(at_once=True)

    def _look(self, *, at_once: bool) -> None:
        self.faults += [f"half-written: {problem}" for problem in self._half_written()]
        end = time.monotonic() + _PATIENCE
        while (alive := list(self._alive())) and time.monotonic() < end:
            time.sleep(0.05)
        self.faults += [f"a process is left: {line}" for line in alive]
        if at_once:
            self.faults += [f"left behind: {name}" for name in self._left()]

    def _half_written(self) -> Iterator[str]:
        for name in _OUTPUTS:
            output = self.project / name
            if output.exists():
                sidecar = read_sidecar(sidecar_path(output)) or read_sidecar(intent_path(output))
                yield from [f"{name} without a sidecar"] if sidecar is None else intact(output, sidecar)

    def _left(self) -> Iterator[str]:
        yield from (f"temporary {path.name}" for path in self.temporary.iterdir())
        for path in self.project.iterdir():
            if path.name.startswith(".") and path.name != ".tfjs-workflow":
                yield path.name
        yield from (str(path.name) for path in self.project.rglob("*.partial"))

    def _alive(self) -> Iterator[str]:
        """Yield processes that stand in the trial's folder or hold a file of it open."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                links = [str((entry / "cwd").readlink()), *(str(one.readlink()) for one in (entry / "fd").iterdir())]
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if any(link.startswith(str(self.folder)) for link in links):
                yield f"{entry.name} {line[:100]}"

    def _argv(self) -> list[str]:
        return [sys.executable, "-m", "workflow", "convert", str(self.project / "recipe.yml"), "--quiet"]

    def _environ(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TMPDIR": str(self.temporary)}


def one(folder: Path, kind: str, dice: random.Random, *, usual: float) -> dict[str, object]:
    """Do one trial: one to three times ended at a moment of the usual time, then run to the end."""
    trial = Trial(folder, kind)
    moments = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        name, after = dice.choice(sorted(SIGNALS)), dice.uniform(_OUR_FIRST_LINE, usual * 1.05)
        moments.append(f"{name} after {after:.2f} s")
        trial.end(name, after)
    trial.finish()
    shutil.rmtree(folder, ignore_errors=True)
    return {"kind": kind, "moments": moments, "faults": trial.faults}
