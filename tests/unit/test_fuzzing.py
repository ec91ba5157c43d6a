"""A sample of damaged models and records of runs, from fixed seeds; ``scripts/fuzz.py`` tries them by the thousand.

Also, whether the damage is of use: it must reach what it is meant to reach, and be the same for the same seed.
"""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import h5py
import pytest

from tests.fuzzing import commands, loop, models
from tests.fuzzing.damage import damaged, format_of
from tests.fuzzing.trees import damaged_json
from tests.fuzzing.wire import damaged_message
from workflow.base.errors import ModelFileError
from workflow.models.inspection import inspect_model
from workflow.models.protobuf import WireError, fields

GALLERY = Path(__file__).resolve().parents[1] / "data" / "keras3"
SEEDS = 70
FORMATS = {
    *("tfjs_layers_model", "tfjs_graph_model", "keras", "keras_keras", "tf_frozen_model", "tf_saved_model", "reports")
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return list(models.sound_models(tmp_path_factory.mktemp("sound"), GALLERY))


def test_the_models_are_sound_before_they_are_damaged(sound: list[Path]) -> None:
    for model in sound:
        assert inspect_model(model, format_of(model)).bytes > 0


def test_damaged_models_and_records_give_a_result_or_a_clear_error(sound: list[Path], tmp_path: Path) -> None:
    findings = tmp_path / "findings"
    tried = loop.Tried(findings, [*map(str, sound), loop.REPORTS])
    good = [tried.one(seed) for seed in range(SEEDS)]
    assert all(good), findings.read_text()[:5000]
    assert tried.counts.keys() == FORMATS


def test_a_bug_is_found_and_told_by_its_place(
    sound: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise KeyError("node")

    monkeypatch.setattr(commands, "through_the_readers", mistaken)
    tried = loop.Tried(tmp_path / "findings", [str(sound[0])])
    assert not tried.one(1)
    found = json.loads((tmp_path / "findings").read_text())
    assert (found["seed"], found["place"]) == (1, "tests KeyError")


def test_a_seed_gives_the_same_damage_again(sound: list[Path], tmp_path: Path) -> None:
    made = []
    for attempt in ("one", "two"):
        (tmp_path / attempt).mkdir()
        made.append(damaged(sound[0], tmp_path / attempt, random.Random(3)))
    one, two = (sorted((file.name, file.read_bytes()) for file in model.iterdir()) for model in made)
    assert one == two


def test_most_damage_to_json_leaves_json(sound: list[Path]) -> None:
    raw = (sound[0] / "model.json").read_bytes()
    made = [damaged_json(raw, random.Random(seed)) for seed in range(200)]
    assert sum(_is_json(text) and json.loads(text) != json.loads(raw) for text in made) > 120


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def test_damage_to_a_message_keeps_what_stands_around_it_readable() -> None:
    raw = models.graph_def()
    readable = 0
    for seed in range(200):
        changed = damaged_message(raw, random.Random(seed))
        try:
            list(fields(changed, 0, end=len(changed)))
        except WireError:
            continue
        readable += changed != raw
    assert readable > 150


def test_damaged_hdf5_is_opened_and_archives_are_listed_more_often_than_not(sound: list[Path], tmp_path: Path) -> None:
    opened = 0
    kinds = {format_of(model): model for model in sound if format_of(model) in ("keras", "keras_keras")}
    for seed in range(60):
        (tmp_path / str(seed)).mkdir()
        model = damaged(kinds["keras" if seed % 2 else "keras_keras"], tmp_path / str(seed), random.Random(seed))
        try:
            if seed % 2:
                h5py.File(model, "r").close()
            else:
                zipfile.ZipFile(model).close()
        except (OSError, zipfile.BadZipFile):
            continue
        opened += 1
    assert opened > 40


def test_most_damage_is_refused_and_the_file_is_named(sound: list[Path], tmp_path: Path) -> None:
    """Else it would be no damage."""
    refusals = []
    for seed in range(60):
        (tmp_path / str(seed)).mkdir()
        chosen = sound[seed % 4]
        model = damaged(chosen, tmp_path / str(seed), random.Random(seed))
        try:
            inspect_model(model, format_of(chosen))
        except ModelFileError as error:
            refusals.append(error.message)
    assert len(refusals) > 20
    assert [message for message in refusals if str(tmp_path) not in message] == []
