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
    with pytest.raises(errors.ForeignPathError) as caught:
        staging.prepare(stage)
    assert caught.value.message == f"{stage} is in the way, and is not a leftover of this tool"
    assert caught.value.hint == "move it away, then run this again"
    staging.discard(stage)
    EmbeddedManager().remove(tmp_path / "tfjs")
    assert (stage / "mine.txt").exists()


def test_an_empty_folder_in_its_place_is_a_stage_and_a_link_or_a_file_is_none(tmp_path: Path) -> None:
    staging.prepare(staging.place(tmp_path / "new" / "envs" / "tfjs"))
    assert (tmp_path / "new" / "envs" / ".tfjs.stage").is_dir()
    stage = staging.place(tmp_path / "tfjs")
    assert stage == tmp_path / ".tfjs.stage"
    stage.mkdir()
    staging.prepare(stage)
    assert [path.name for path in stage.iterdir()] == [".tfjs-workflow-stage"]
    staging.discard(stage)
    assert not stage.exists()
    staging.discard(stage)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".tfjs-workflow-stage").touch()
    stage.symlink_to(tmp_path / "elsewhere")
    staging.discard(stage)
    assert stage.is_symlink()
    assert (tmp_path / "elsewhere" / ".tfjs-workflow-stage").exists()
    stage.unlink()
    stage.touch()
    staging.discard(stage)
    assert stage.is_file()
