from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.base import locations
from workflow.environment import blueprint

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with small locks, which the tool takes for its own."""
    folder = tmp_path / "project"
    (folder / "requirements").mkdir(parents=True)
    (folder / "conda-lock.yml").write_text("version: 1\n")
    pip_lock(folder).write_text("# profile: full\nabsl-py==2.3.1\n")
    monkeypatch.setattr(locations, "project_file", lambda name: folder / name)
    return folder


def pip_lock(project: Path) -> Path:
    return project / "requirements" / f"tfjs-{blueprint.platform()}.txt"
