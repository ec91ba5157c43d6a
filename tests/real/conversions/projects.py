"""Small projects on disk, and the command line run on them as a user would."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import ROOT
from workflow.base import processes
from workflow.base.processes import Completed, run

if TYPE_CHECKING:
    import signal


FIVE_STEPS = """\
name: small
model:
  keras_application: MobileNet
  weights: seeded
  options: {input_shape: [96, 96, 3], alpha: 0.25, classes: 10}
  output: data/keras.h5
steps:
  - python_to_js: {input: data/keras.h5, output: data/web_model}
  - js_to_python: {input: data/web_model, output: data/keras2.h5}
  - shard:        {input: data/web_model, output: data/sharded_model, shard_size: 100kB}
  - quantize:     {input: data/web_model, output: data/quantized_model, dtype: uint16}
  - graph:        {input: data/web_model, output: data/graph_model}
"""

OUTPUTS = ("keras.h5", "web_model", "keras2.h5", "sharded_model", "quantized_model", "graph_model")


@dataclass(frozen=True)
class Project:
    """A folder with one recipe in it."""

    folder: Path

    @property
    def recipe(self) -> Path:
        return self.folder / "recipe.yml"

    def write(self, text: str) -> Project:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.recipe.write_text(text)
        return self

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "workflow", *words]

    def environ(self) -> dict[str, str]:
        return dict(os.environ, PYTHONPATH=str(ROOT), NO_COLOR="1", COLUMNS="200")

    def convert(self, *words: str, timeout: float = 300) -> Completed:
        return run(self.argv("convert", str(self.recipe), *words), cwd=self.folder, env=self.environ(), timeout=timeout)

    def start(self, *words: str) -> processes.Process:
        return processes.start(self.argv("convert", str(self.recipe), *words), cwd=self.folder, env=self.environ())

    def hidden_leftovers(self) -> list[str]:
        """Names of staging folders and the like below data/, which no finished run leaves."""
        return [path.name for path in (self.folder / "data").glob(".*")]


def one_step(step: str) -> str:
    """Return a recipe of this one step."""
    return f"steps:\n  - {step}\n"


def send(process: processes.Process, number: signal.Signals, *, after: float) -> None:
    """Send a signal to the tool itself (not to its children) after so many seconds, unless it has ended."""
    end = time.monotonic() + after
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.02)
    if process.poll() is None:
        process.send_signal(number)
    process.communicate(timeout=60)


def workers_alive(folder: Path) -> list[int]:
    """Return the ids of processes whose command line or open log names ``folder``; Linux only."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            links = [str(handle.readlink()) for handle in (entry / "fd").iterdir()]
        except OSError:
            continue
        if any(link.startswith(str(folder)) for link in links):
            found.append(int(entry.name))
    return found
