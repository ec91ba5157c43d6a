"""A source is run once for all steps that read it with the same samples, and again when either is another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification.models import NumpyPlaces, keras_twin, layers_model
from workflow.recipe.recipes import Verification
from workflow.verification.asking import SourceAnswer
from workflow.verification.levels import Case, verify
from workflow.verification.requests import NotRun
from workflow.verification.source_answers import Question, SourceAnswers, ask_source, moved_by_a_rounding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workflow.verification.requests import Subject

SETTINGS = Verification(runtimes=("python",))


@pytest.fixture
def model(tmp_path: Path) -> Subject:
    return keras_twin(layers_model(tmp_path / "layers"))


@pytest.fixture
def verified(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Verify a model against itself and return how often its source has been run since the beginning."""
    places, remembered = NumpyPlaces(), SourceAnswers()

    def once(model: Subject, settings: Verification = SETTINGS) -> int:
        folder = tmp_path / f"work_{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        report = verify(Case(model, model, settings, folder, source_answers=remembered), places)
        assert report.verdict == "passed"
        return [name for name, _ in places.jobs].count("source")

    yield once
    remembered.close()


def test_the_same_source_is_run_once(verified: Callable[..., int], model: Subject) -> None:
    assert [verified(model), verified(model, SETTINGS.replaced(repeat=0, atol=1.0))] == [1, 1]


def test_other_samples_and_other_files_are_another_source(verified: Callable[..., int], model: Subject) -> None:
    assert [verified(model), verified(model, SETTINGS.replaced(seed=1))] == [1, 2]
    assert verified(model, SETTINGS.replaced(samples=9)) == 3
    os.utime(model.path, (1, 1))
    assert verified(model) == 4


def test_nothing_is_left_on_disk(model: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    remembered = SourceAnswers()
    remembered.of(Question(model, SETTINGS, NumpyPlaces()))
    (kept,) = tmp_path.glob("tfjs-references-*")
    remembered.close()
    assert not kept.exists()


def test_a_source_that_could_not_be_run_is_tried_again(model: Subject) -> None:
    places, remembered = NumpyPlaces(silent="there is no environment"), SourceAnswers()
    assert isinstance(remembered.of(Question(model, SETTINGS, places)), NotRun)
    places.silent = ""
    assert isinstance(remembered.of(Question(model, SETTINGS, places)), SourceAnswer)
    remembered.close()


def test_a_source_is_asked_by_everything_that_the_settings_say(tmp_path: Path) -> None:
    source, places = keras_twin(layers_model(tmp_path / "m")), NumpyPlaces()
    image_range: Any = (0.0, 1.0)
    settings = Verification(
        inputs=tmp_path / "x.npy", labels=tmp_path / "y.npy", image_range=image_range, samples=3, batches=(1, 2), seed=7
    )
    ask_source(Question(source, settings, places), folder=tmp_path / "work")
    ask_source(Question(source, Verification(), places), folder=tmp_path / "more")
    (_, asked), (_, plain) = places.jobs
    assert asked == {
        "model": {"path": str(source.path), "format": "keras"},
        "inputs": str(tmp_path / "x.npy"),
        "labels": str(tmp_path / "y.npy"),
        "image_range": [0.0, 1.0],
        "samples": 3,
        "batches": [1, 2],
        "seed": 7,
        "folder": str(tmp_path / "work"),
    }
    assert (plain["inputs"], plain["labels"], plain["image_range"]) == (None, None, None)


def test_a_rounding_moves_numbers_and_neither_places_in_tables_nor_blanks() -> None:
    given = np.array([0.3, -1.25, 0.0, 5.0, 6.0, 0.7], np.float32)
    moved = moved_by_a_rounding(given)
    assert moved.dtype == np.float32
    assert list(moved == given) == [False, False, True, False, False, False]
    assert moved.astype(np.int32).tolist() == [0, -1, 0, 5, 6, 0]
    assert (moved[0] < given[0], moved[1] > given[1]) == (True, True)
    assert np.abs(moved - given).max() < 1e-6
    places = np.array([1, 2], np.int32)
    assert moved_by_a_rounding(places) is places
