from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.base import errors
from workflow.environment.builder import staging
from workflow.environment.managers.embedded import EmbeddedManager

if TYPE_CHECKING:
    from pathlib import Path


def test_a_stage_is_made_anew_and_published_without_its_mark(tmp_path: Path) -> None:
    prefix = tmp_path / "envs" / "tfjs"
    stage = staging.place(prefix)
    staging.prepare(stage)
    (stage / "old.txt").touch()
    staging.prepare(stage)
    (stage / "new.txt").touch()
    staging.publish(stage, prefix)
    assert [path.name for path in prefix.iterdir()] == ["new.txt"]
    assert not stage.exists()


def test_a_stage_that_is_not_ours_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    stage = staging.place(tmp_path / "tfjs")
    stage.mkdir()
    (stage / "mine.txt").touch()
    with pytest.raises(errors.ForeignPathError):
        staging.prepare(stage)
    staging.discard(stage)
    EmbeddedManager().remove(tmp_path / "tfjs")
    assert (stage / "mine.txt").exists()
