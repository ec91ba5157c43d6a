from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.environment.orders import order_for
from workflow.base.events import Recording

if TYPE_CHECKING:
    from workflow.environment.managers import BuildOrder

SCRIPT = Path(__file__).with_name("fake_conda.py")


@dataclass(frozen=True)
class FakeConda:
    """A conda on PATH that behaves as told and remembers how it was called."""

    folder: Path

    def behave(self, version: str = "24.9.2", **how: object) -> None:
        settings = {name.replace("_", " "): value for name, value in how.items()}
        (self.folder / "behaviour.json").write_text(json.dumps({"version": version, **settings}))

    def calls(self) -> list[dict[str, Any]]:
        noted = self.folder / "calls.jsonl"
        return [json.loads(line) for line in noted.read_text().splitlines()] if noted.exists() else []

    def explicit(self) -> list[str]:
        return str(self.calls()[-1]["explicit"]).split()


@pytest.fixture
def conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeConda:
    folder = tmp_path / "fake bin"
    folder.mkdir()
    for name in ("conda", "mamba", "micromamba"):
        target = folder / name
        target.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{folder}/fake_conda.py' \"$@\"\n")
        target.chmod(0o755)
    shutil.copy(SCRIPT, folder / "fake_conda.py")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for variable in ("CONDA_EXE", "MAMBA_EXE"):
        monkeypatch.delenv(variable, raising=False)
    fake = FakeConda(folder)
    fake.behave()
    return fake


def entry(name: str, version: str, digit: str) -> str:
    return f"""\
- name: {name}
  version: {version!r}
  manager: conda
  platform: linux-64
  dependencies: {{}}
  url: https://conda.anaconda.org/conda-forge/linux-64/{name}-{version}-h0_0.conda
  hash: {{md5: {digit * 32}, sha256: {digit * 64}}}
  category: main
  optional: false
"""


@pytest.fixture
def order(tmp_path: Path) -> BuildOrder:
    lock = tmp_path / "conda-lock.yml"
    lock.write_text(
        "version: 1\nmetadata: {platforms: [linux-64]}\npackage:\n"
        + entry("python", "3.8.20", "a")
        + entry("pip", "24.3.1", "b")
    )
    return order_for(lock, tmp_path, Recording())


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return tmp_path / "environments" / "tfjs"
