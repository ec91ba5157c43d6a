"""Publication: whole or not at all, and nothing that was there is lost."""

from __future__ import annotations

import os
import time
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


def test_everything_is_on_disk_before_the_next_name_is_given_and_before_the_old_artifact_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "web"
    published(output, "one")
    sidecar = stage(output, "two")
    acts: list[str] = []

    def noting(target: object, name: str, *, shown: str = "") -> None:
        original = getattr(target, name)

        def noted(path: Path, *more: object) -> object:
            words = [one.relative_to(tmp_path).as_posix() for one in (path, *more) if isinstance(one, Path)]
            acts.append(" ".join([shown or name, *words]))
            return original(path, *more)

        monkeypatch.setattr(target, name, noted)

    for name in ("sync_artifact", "write_sidecar", "sync_folder", "remove"):
        noting(publishing, name)
    noting(Path, "rename")
    publishing.publish(output, sidecar)
    assert acts == [
        "sync_artifact .web.tfjs-workflow-staging/web",
        "write_sidecar .web.tfjs-workflow.json.next",
        "rename web .web.tfjs-workflow-previous",
        "rename .web.tfjs-workflow-staging/web web",
        "sync_folder .",
        "remove .web.tfjs-workflow-previous",
        "remove .web.tfjs-workflow-staging",
        "sync_folder .",
    ]


@pytest.mark.parametrize(
    ("sidecar", "evidence"),
    [
        (None, "there is no web.tfjs-workflow.json beside it"),
        ("{", "web.tfjs-workflow.json cannot be read"),
    ],
)
def test_what_shows_that_an_output_is_foreign_is_told_with_the_ways_out(
    sidecar: str | None, evidence: str, tmp_path: Path
) -> None:
    output = tmp_path / "web"
    assert publishing.foreign(output) == ""
    output.mkdir()
    assert publishing.foreign(output) == ""
    (output / "thesis.txt").touch()
    if sidecar is not None:
        sidecar_path(output).write_text(sidecar)
    assert publishing.foreign(output) == evidence
    with pytest.raises(OutputRefusedError) as caught:
        publishing.refuse_foreign(output, force=False)
    assert str(output) in caught.value.message
    assert f"nothing shows that tfjs-workflow made it ({evidence})" in caught.value.message
    assert caught.value.hint == (
        "choose another output, move it away, or pass --force: then it is set aside, not deleted"
    )


def test_what_is_set_aside_has_the_time_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.gmtime", lambda: time.struct_time((2027, 1, 15, 8, 0, 9, 4, 15, 0)))
    output = tmp_path / "web"
    output.write_text("mine")
    kept = publishing.publish(output, stage(output, "one"))
    assert kept == tmp_path / "web.kept-20270115-080009"
    assert kept.read_text() == "mine"


def test_the_names_beside_an_output_are_hidden_and_of_the_tool(tmp_path: Path) -> None:
    output = tmp_path / "m.h5"
    assert publishing.staging_folder(output) == tmp_path / ".m.h5.tfjs-workflow-staging"
    assert publishing.previous_path(output) == tmp_path / ".m.h5.tfjs-workflow-previous"
    assert publishing.rejected_path(output) == tmp_path / "m.h5.rejected"
    assert sidecar_path(output) == tmp_path / "m.h5.tfjs-workflow.json"
    assert intent_path(output) == tmp_path / ".m.h5.tfjs-workflow.json.next"


def test_a_rejection_leaves_its_mark_and_no_staging(tmp_path: Path) -> None:
    for _ in range(2):
        stage(tmp_path / "web", "bad")
        publishing.reject(tmp_path / "web")
        assert names(tmp_path) == {"web.rejected", ".web.tfjs-workflow-rejected"}
    publishing.begin(tmp_path / "m.h5").write_bytes(b"bad")
    publishing.reject(tmp_path / "m.h5")
    assert names(tmp_path / "m.h5.rejected") == {"m.h5"}


@pytest.mark.parametrize(
    ("left", "half", "any_left"),
    [("staging", False, True), ("intent", True, True), ("previous", True, True), ("", False, False)],
)
def test_what_a_killed_run_left_is_told_by_its_kind(left: str, *, half: bool, any_left: bool, tmp_path: Path) -> None:
    output = tmp_path / "web"
    places = {
        "staging": publishing.staging_folder(output),
        "intent": intent_path(output),
        "previous": publishing.previous_path(output),
    }
    if left:
        places[left].mkdir()
    assert publishing.half_published(output) is half
    assert publishing.leftovers(output) is any_left
    publishing.recover(output)
    assert not publishing.staging_folder(output).exists()
    assert not intent_path(output).exists()


def test_abandoning_drops_what_was_staged_alone(tmp_path: Path) -> None:
    published(tmp_path / "web", "one")
    stage(tmp_path / "web", "two")
    publishing.abandon(tmp_path / "web")
    assert names(tmp_path) == {"web", "web.tfjs-workflow.json"}


def test_a_new_start_finds_an_empty_folder(tmp_path: Path) -> None:
    stage(tmp_path / "deep" / "web", "left")
    place = publishing.begin(tmp_path / "deep" / "web")
    assert place == tmp_path / "deep" / ".web.tfjs-workflow-staging" / "web"
    assert names(place.parent) == set()


def test_recovering_clears_what_a_dead_process_was_writing_and_nothing_else(tmp_path: Path) -> None:
    output = tmp_path / "web"
    dead = 99_999_999  # no system has as many
    left = [f".{path.name}.{dead}.partial" for path in (intent_path(output), publishing._mark_of_rejection(output))]
    others = [f".{intent_path(output).name}.{os.getppid()}.partial", f".other.{dead}.partial", "mine"]
    for name in (*left, *others):
        (tmp_path / name).touch()
    publishing.recover(output)
    assert names(tmp_path) == {*others}
