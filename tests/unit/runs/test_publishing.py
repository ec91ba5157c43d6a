"""Publication: whole or not at all, and nothing that was there is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow.base.digests import artifact_digests
from workflow.base.errors import OutputRefusedError, StorageError
from workflow.runs import publishing
from workflow.runs.sidecars import Ingredients, Sidecar, intact, intent_path, read_sidecar, sidecar_path, write_sidecar

INGREDIENTS = Ingredients("shard", {"to": "tfjs_layers_model"}, {}, "lock")


def stage(output: Path, text: str) -> Sidecar:
    staged = publishing.begin(output)
    staged.mkdir()
    (staged / "model.json").write_text(text)
    return Sidecar("shard", INGREDIENTS, artifact_digests(staged))


def published(output: Path, text: str) -> Sidecar:
    sidecar = stage(output, text)
    publishing.publish(output, sidecar)
    return sidecar


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_publishing_leaves_the_artifact_its_sidecar_and_nothing_else(tmp_path: Path) -> None:
    published(tmp_path / "web", "one")
    assert names(tmp_path) == {"web", "web.tfjs-workflow.json"}


def test_the_sidecar_describes_the_artifact(tmp_path: Path) -> None:
    published(tmp_path / "web", "one")
    sidecar = read_sidecar(sidecar_path(tmp_path / "web"))
    assert sidecar is not None
    assert intact(tmp_path / "web", sidecar) == []


def test_publishing_again_replaces_every_file(tmp_path: Path) -> None:
    output = tmp_path / "web"
    published(output, "one")
    (output / "model.json").unlink()
    published(output, "two")
    assert (output / "model.json").read_text() == "two"


def test_an_artifact_that_the_user_edited_is_kept(tmp_path: Path) -> None:
    output = tmp_path / "web"
    published(output, "one")
    (output / "model.json").write_text("edited by hand")
    kept = publishing.publish(output, stage(output, "two"))
    assert kept is not None
    assert (kept / "model.json").read_text() == "edited by hand"


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputRefusedError, match="nothing shows that tfjs-workflow made it"):
        publishing.refuse_foreign(tmp_path / "web", force=False)


def test_a_forced_foreign_folder_is_set_aside(tmp_path: Path) -> None:
    output = tmp_path / "web"
    output.mkdir()
    (output / "thesis.txt").write_text("years of work")
    publishing.refuse_foreign(output, force=True)
    kept = publishing.publish(output, stage(output, "two"))
    assert kept is not None
    assert (kept / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_may_be_the_output(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    publishing.refuse_foreign(tmp_path / "web", force=False)
    assert publishing.publish(tmp_path / "web", stage(tmp_path / "web", "one")) is None


KILL_POINTS = range(7)


@pytest.mark.parametrize("survived", KILL_POINTS)
def test_a_kill_between_any_two_renames_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """Every rename of the publication is where a kill may strike; afterwards old or new stands there, whole."""
    output = tmp_path / "web"
    old = published(output, "one")
    new = stage(output, "two")
    die_after(monkeypatch, survived)
    with pytest.raises(KilledError):
        publishing.publish(output, new)
        raise KilledError  # more renames were allowed than there are
    monkeypatch.undo()
    publishing.recover(output)
    sidecar = read_sidecar(sidecar_path(output))
    assert sidecar is not None
    assert intact(output, sidecar) == []
    assert sidecar.files in (old.files, new.files)
    assert names(tmp_path) == {"web", "web.tfjs-workflow.json"}


class KilledError(Exception):
    pass


def die_after(monkeypatch: pytest.MonkeyPatch, survived: int) -> None:
    """Let the process 'die' at the rename that comes after ``survived`` of them."""
    done = 0
    for name in ("rename", "replace"):
        original = getattr(Path, name)

        def counted(self: Path, target: Path, original: object = original) -> Path:
            nonlocal done
            if done == survived:
                raise KilledError
            done += 1
            assert callable(original)
            return Path(original(self, target))

        monkeypatch.setattr(Path, name, counted)


def test_recovering_with_nothing_to_recover_changes_nothing(tmp_path: Path) -> None:
    published(tmp_path / "web", "one")
    before = artifact_digests(tmp_path)
    publishing.recover(tmp_path / "web")
    assert artifact_digests(tmp_path) == before


def test_leftovers_of_a_kill_are_seen(tmp_path: Path) -> None:
    stage(tmp_path / "web", "one")
    assert publishing.leftovers(tmp_path / "web")


def test_a_rejected_folder_is_kept_beside_the_output(tmp_path: Path) -> None:
    published(tmp_path / "web", "one")
    stage(tmp_path / "web", "bad")
    place = publishing.reject(tmp_path / "web")
    assert (place / "model.json").read_text() == "bad"
    assert (tmp_path / "web" / "model.json").read_text() == "one"


def test_a_rejected_result_makes_room_for_the_next_and_a_strangers_folder_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "web.rejected").mkdir()
    (tmp_path / "web.rejected" / "mine.txt").write_text("mine")
    for text in ("bad", "worse"):
        stage(tmp_path / "web", text)
        assert (publishing.reject(tmp_path / "web") / "model.json").read_text() == text
    (kept,) = tmp_path.glob("web.rejected.kept-*")
    assert (kept / "mine.txt").read_text() == "mine"


def test_a_rejected_file_is_kept_in_a_folder(tmp_path: Path) -> None:
    publishing.begin(tmp_path / "m.h5").write_bytes(b"bad")
    assert (publishing.reject(tmp_path / "m.h5") / "m.h5").read_bytes() == b"bad"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs a file where a folder should be, as root")
def test_an_output_below_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="not a folder"):
        publishing.begin(tmp_path / "file" / "web")


def test_an_intent_that_was_never_followed_is_dropped(tmp_path: Path) -> None:
    output = tmp_path / "web"
    old = published(output, "one")
    write_sidecar(intent_path(output), stage(output, "two"))
    publishing.recover(output)
    assert read_sidecar(sidecar_path(output)) == old
