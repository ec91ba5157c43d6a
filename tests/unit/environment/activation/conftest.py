from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes
from workflow.environment.activation import Target

if TYPE_CHECKING:
    from pathlib import Path

STUB = '#!/bin/sh\necho "Python 3.8.99 of the stub"\n'
_FLAGS = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"], "sh": []}


@dataclass(frozen=True)
class RealShell:
    """A shell of this machine that runs scripts without any start-up file."""

    name: str
    path: str
    home: Path

    def run(self, script: str, **variables: str) -> list[str]:
        """Run a script and return the lines that it prints; a non-zero exit or a word on stderr fails the test."""
        kept = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "TERM": "dumb"}
        done = processes.run([self.path, *_FLAGS[self.name], "-c", script], env={**kept, **variables}, timeout=30)
        assert (done.code, done.stderr) == (0, ""), done
        return done.stdout.splitlines()


def find_shell(name: str, home: Path) -> RealShell:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed here")
    return RealShell(name, path, home)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """An environment in a folder whose name has a space, a quote and a letter beyond ASCII."""
    prefix = tmp_path / "it's Zoë" / "envs" / "tfjs"
    (prefix / "bin").mkdir(parents=True)
    for name in ("python", "tensorflowjs_converter"):
        program = prefix / "bin" / name
        program.write_text(STUB)
        program.chmod(0o755)
    return Target("tfjs", prefix, (prefix / "bin",))


@pytest.fixture
def of_conda(target: Target) -> Target:
    return replace(target, is_of_conda=True)


@pytest.fixture
def another(target: Target) -> Target:
    prefix = target.prefix.with_name("other")
    shutil.copytree(target.prefix, prefix)
    return Target("other", prefix, (prefix / "bin",))


@pytest.fixture
def code_file(tmp_path: Path) -> Path:
    return tmp_path / "code"
