"""Machines that are not as one would like them: folders that cannot be read, homes that are none, names of bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COMMAND = (sys.executable, "-m", "workflow")
NOBODY = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
"""An ordinary user without an entry in the list of users, whom permissions stop: tests may be run by root."""

RECIPE = "name: r\nverify: off\nsteps:\n  - shard: {input: web, output: out, shard_size: 1kB}\n"
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("convert", "r.yml"),
    ("env", "list"),
    ("plan", "r.yml"),
    ("env", "info"),
    ("check", "r.yml"),
    ("verify", "web", "--quick"),
    ("report", "r.yml", "--no-links"),
    ("--help",),
    ("env", "create", "--manager", "python", "--offline"),
    ("env", "activate", "--shell", "bash"),
    ("env", "remove", "--yes"),
    ("serve", "nosuch"),
)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its code and what it said on standard error and output."""

    code: int
    said: str
    printed: bytes

    @property
    def is_a_bug(self) -> bool:
        """Whether this is a traceback, or said to be a bug."""
        return self.code == 1 or "Traceback" in self.said or "this is a bug" in self.said


def can_be_nobody() -> bool:
    """Tell whether this machine lets us be somebody else."""
    return shutil.which(NOBODY[0]) is not None and not subprocess.run([*NOBODY, "true"], check=False).returncode


def lay_out(folder: Path, *, weights: int = 64) -> Path:
    """Write a layers model and a recipe that needs no environment into a folder."""
    (folder / "web").mkdir(parents=True)
    entry = {"name": "dense/kernel", "shape": [weights, 1], "dtype": "float32"}
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
    model = {
        "format": "layers-model",
        "modelTopology": {"keras_version": "2.13.1", "backend": "tensorflow", "model_config": config},
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": [entry]}],
    }
    (folder / "web" / "model.json").write_text(json.dumps(model))
    (folder / "web" / "group1-shard1of1.bin").write_bytes(b"\0" * 4 * weights)
    (folder / "r.yml").write_text(RECIPE)
    return folder


def run(
    words: Sequence[str], folder: Path, variables: Mapping[str, str | None], *, before: Sequence[str] = ()
) -> Ended:
    """Run a command of the tool in a folder; a variable that is None is not set."""
    every = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    environ = {name: value for name, value in every.items() if value is not None}
    program = [str(shutil.which(before[0])), *before[1:]] if before else []  # by its path: PATH may be the condition
    done = subprocess.run(
        [*program, *COMMAND, *words], cwd=folder, env=environ, capture_output=True, timeout=120, check=False
    )
    return Ended(done.returncode, done.stderr.decode(errors="replace"), done.stdout)


def conditions(base: Path) -> dict[str, dict[str, str | None]]:
    """Make the odd folders in ``base`` and return what variables make them the machine's, by what is odd."""
    unreadable, readonly, file, loop, folder = (base / name for name in ("unread", "readonly", "file", "loop", "conf"))
    for made in (unreadable, readonly, folder / "config.yml"):
        made.mkdir(parents=True)
    file.write_text("x")
    loop.symlink_to(loop)
    unreadable.chmod(0)
    readonly.chmod(0o555)
    found: dict[str, dict[str, str | None]] = {
        "nothing": {},
        "PATH is empty": {"PATH": ""},
        "PATH is not set": {"PATH": None},
        "PATH has odd folders": {"PATH": f"{unreadable}:{file}:{loop}:{unreadable}/x:{os.environ['PATH']}"},
        "HOME is not set, another home is": {"HOME": None},
        "HOME is not set": {"HOME": None, "TFJS_WORKFLOW_HOME": None},
        "HOME is relative": {"HOME": "home", "TFJS_WORKFLOW_HOME": None},
        "the settings are a folder": {"TFJS_WORKFLOW_HOME": str(folder)},
        "the name of the home is too long": {"TFJS_WORKFLOW_HOME": "a" * 300},
        "output is ASCII": {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        "file names are ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    }
    odd = {
        "missing": base / "no" / "where",
        "unreadable": unreadable,
        "read-only": readonly,
        "file": file,
        "loop": loop,
    }
    for how, place in odd.items():
        text = str(place)
        xdg = dict.fromkeys(("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), text)
        found[f"PYENV_ROOT is {how}"] = {"PYENV_ROOT": text, "XDG_DATA_HOME": text, "UV_PYTHON_INSTALL_DIR": text}
        found[f"HOME is {how}"] = {"HOME": text, "TFJS_WORKFLOW_HOME": None}
        found[f"XDG folders are {how}"] = {**xdg, "TFJS_WORKFLOW_HOME": None}
        found[f"the tool's home is {how}"] = {"TFJS_WORKFLOW_HOME": text}
        found[f"TMPDIR is {how}"] = {"TMPDIR": text}
    return found
