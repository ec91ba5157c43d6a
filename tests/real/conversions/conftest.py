"""One project whose five conversions are done, made once; tests copy it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.real.conversions.projects import FIVE_STEPS, Project

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment import Environment


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, converter_environment: Environment) -> Project:
    """A project after a whole run; do not change it."""
    project = Project(tmp_path_factory.mktemp("finished")).write(FIVE_STEPS)
    done = project.convert()
    assert done.code == 0, done.stderr + done.stdout
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, free to be changed."""
    copy = Project(tmp_path / "project with spaces")
    shutil.copytree(finished.folder, copy.folder)
    return copy


@pytest.fixture
def fresh(finished: Project, tmp_path: Path) -> Project:
    """A project that has the Keras model and nothing else yet."""
    new = Project(tmp_path / "fresh").write(FIVE_STEPS)
    (new.folder / "data").mkdir()
    for name in ("keras.h5", "keras.h5.tfjs-workflow.json"):
        shutil.copy(finished.folder / "data" / name, new.folder / "data" / name)
    return new
